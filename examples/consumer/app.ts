import { App } from 'aws-cdk-lib';
import { ConsumerStack } from './stack.ts';

const app = new App();
const stage = String(app.node.tryGetContext('stage') ?? 'local');
const job = String(app.node.tryGetContext('job') ?? 'orders');
new ConsumerStack(app, `Consumer-of-${job}-${stage}`, { stage, job });
