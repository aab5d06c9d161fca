/** The cloud that the environment points to, as the CLI sees it: found by the shared stack's outputs. */
import { randomUUID } from 'node:crypto';
import * as clients from '../aws/clients.ts';
import { logGroupsOf, outputsOfStacks, stackOutputs } from '../aws/cloudformation.ts';
import { type Delivery, deliver } from '../aws/deliver.ts';
import { bus } from '../aws/eventbridge.ts';
import { catalog } from '../aws/glue.ts';
import type { Bus, Catalog, Executions, Ledger, ObjectStore, Secrets } from '../aws/interfaces.ts';
import { ledger } from '../aws/ledger.ts';
import { type LogLine, logLines } from '../aws/logs.ts';
import { depthOf, type PeekedQueue, peek } from '../aws/peek.ts';
import { objectStore } from '../aws/s3.ts';
import { executions } from '../aws/sfn.ts';
import { sift, type Takes } from '../aws/sift.ts';
import { queue } from '../aws/sqs.ts';
import { secrets } from '../aws/ssm.ts';
import { callerOf } from '../aws/sts.ts';
import { openTap, type Tap } from '../aws/tap.ts';
import { eventSource } from '../core/events.ts';
import {
  type JobOutputName,
  jobStackName,
  jobStackPrefix,
  type Outputs,
  outputNames,
  sharedStackName,
} from '../core/outputs.ts';
import { Problem } from './problem.ts';

export type JobOutputs = Partial<Record<JobOutputName, string>>;

export interface Cloud {
  outputs: Outputs;
  store: ObjectStore;
  ledger: Ledger;
  catalog: Catalog;
  executions: Executions;
  secrets: Secrets;
  bus: Bus;
  /** Outputs of a job's own stack; `null`: it is not deployed. */
  jobOutputs(job: string): Promise<JobOutputs | null>;
  /** The same of all jobs that are deployed, by job. */
  deployedJobs(): Promise<Map<string, JobOutputs>>;
  depthOf(queueUrl: string): Promise<number>;
  /** Lines with that text in the logs of a job's functions and machine, and of the sweeper; times as ISO 8601. */
  logLines(job: string, search: { text: string; from: string; to: string }): Promise<LogLine[]>;
  /** One message, as JSON. */
  send(queueUrl: string, message: unknown): Promise<void>;
  peek(queueUrl: string, limit?: number): Promise<PeekedQueue>;
  /** Takes chosen messages out of a queue. */
  sift(queueUrl: string, takes: Takes): Promise<{ taken: string[]; left: number }>;
  /** Delivers again, by its target, what was given up; says what it did. */
  deliver(delivery: Delivery): Promise<string>;
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
    deployedJobs: async () => {
      const prefix = jobStackPrefix(stage);
      const stacks = await outputsOfStacks(clients.cloudformation(), prefix);
      return new Map([...stacks].map(([name, found]) => [name.slice(prefix.length), found]));
    },
    depthOf: (queueUrl) => depthOf(clients.sqs(), queueUrl),
    logLines: async (job, search) => {
      const stacks = clients.cloudformation();
      const groups = await Promise.all([
        logGroupsOf(stacks, jobStackName(stage, job)),
        logGroupsOf(stacks, sharedStackName(stage), 'Sweep'),
      ]);
      return logLines(clients.cloudwatchLogs(), { ...search, groups: groups.flat() });
    },
    send: (queueUrl, message) => queue(clients.sqs()).send(queueUrl, JSON.stringify(message)),
    peek: (queueUrl, limit) => peek(clients.sqs(), queueUrl, limit),
    sift: (queueUrl, takes) => sift(clients.sqs(), queueUrl, takes),
    deliver: (delivery) =>
      deliver({ lambda: clients.lambda(), sfn: clients.sfn(), sqs: clients.sqs() }, delivery),
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
