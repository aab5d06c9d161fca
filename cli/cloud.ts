/** The cloud that the environment points to, as the CLI sees it: found by the shared stack's outputs. */
import { randomUUID } from 'node:crypto';
import * as clients from '../aws/clients.ts';
import { stackOutputs } from '../aws/cloudformation.ts';
import { bus } from '../aws/eventbridge.ts';
import { catalog } from '../aws/glue.ts';
import type { Bus, Catalog, Executions, Ledger, ObjectStore, Secrets } from '../aws/interfaces.ts';
import { ledger } from '../aws/ledger.ts';
import { type PeekedQueue, peek } from '../aws/peek.ts';
import { objectStore } from '../aws/s3.ts';
import { executions } from '../aws/sfn.ts';
import { secrets } from '../aws/ssm.ts';
import { callerOf } from '../aws/sts.ts';
import { openTap, type Tap } from '../aws/tap.ts';
import { eventSource } from '../core/events.ts';
import {
  type JobOutputName,
  jobStackName,
  type Outputs,
  outputNames,
  sharedStackName,
} from '../core/outputs.ts';
import { Problem } from './problem.ts';

export interface Cloud {
  outputs: Outputs;
  store: ObjectStore;
  ledger: Ledger;
  catalog: Catalog;
  executions: Executions;
  secrets: Secrets;
  bus: Bus;
  /** Outputs of a job's own stack; `null`: it is not deployed. */
  jobOutputs(job: string): Promise<Partial<Record<JobOutputName, string>> | null>;
  peek(queueUrl: string): Promise<PeekedQueue>;
  /** ARN of whoever makes the calls. */
  caller(): Promise<string>;
  tap(): Promise<Tap>;
}

export async function connect(stage: string): Promise<Cloud> {
  const outputs = await sharedOutputs(stage);
  const tables = { slices: outputs.SlicesTable, runs: outputs.RunsTable };
  return {
    outputs,
    store: objectStore(clients.s3()),
    ledger: ledger(clients.dynamodb(), tables),
    catalog: catalog(clients.glue(), outputs.Database),
    executions: executions(clients.sfn()),
    secrets: secrets(clients.ssm()),
    bus: bus(clients.eventbridge(), outputs.BusName),
    jobOutputs: (job) => stackOutputs(clients.cloudformation(), jobStackName(stage, job)),
    peek: (queueUrl) => peek(clients.sqs(), queueUrl),
    caller: () => callerOf(clients.sts()),
    tap: () =>
      openTap(
        { sqs: clients.sqs(), eventBridge: clients.eventbridge() },
        { name: outputs.BusName, source: eventSource },
        `forebay-${stage}-tail-${randomUUID()}`,
      ),
  };
}

async function sharedOutputs(stage: string): Promise<Outputs> {
  const name = sharedStackName(stage);
  const found = await stackOutputs(clients.cloudformation(), name);
  if (found === null) {
    throw new Problem(
      `there is no stack ${name} in this account and region: \`forebay local up\` deploys it to the local cloud, \`npx cdk deploy --all -c stage=${stage}\` to AWS`,
    );
  }
  const missing = outputNames.filter((output) => !found[output]);
  if (missing.length > 0) {
    throw new Problem(`stack ${name} lacks the outputs ${missing.join(', ')}: deploy it again`);
  }
  return found as Outputs;
}
