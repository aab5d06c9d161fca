/**
 * The deployed app with a proxy between its functions and the cloud, so that a test can disturb chosen calls of real
 * functions, end their processes, and stop their executions. The test itself talks to the cloud directly.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { stackOutputs } from '../../aws/cloudformation.ts';
import { ensureCertificate } from '../../cli/local/certificate.ts';
import { homeAt, homeFrom } from '../../cli/local/home.ts';
import { run } from '../../cli/local/process.ts';
import { type LocalServer, startServer } from '../../cli/local/server.ts';
import { type Outputs, sharedStackName } from '../../core/outputs.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { clientOf } from './consumer.ts';
import { type CloudProxy, startProxy } from './proxy.ts';

export interface FaultyCloud extends Cloud {
  proxy: CloudProxy;
  outputs: Outputs;
  clients: ReturnType<typeof clientsOf>;
  /** Ends the processes of a job's task at once, as the kernel does; resolves to how many there were. */
  kill(task: string): Promise<number>;
}

export async function startFaultyCloud(
  jobs: string,
  settings: Record<string, string> = {},
): Promise<FaultyCloud> {
  const dir = mkdtempSync(join(tmpdir(), 'forebay-faults-'));
  const proxy = await startProxy(await ensureCertificate(homeAt(dir).tls, process.env));
  // A function inherits the server's environment: its calls go to the proxy.
  const env = { AWS_ENDPOINT_URL: proxy.endpoint, AWS_ENDPOINT_URL_S3: proxy.endpoint };
  let server: LocalServer | undefined;
  const stop = async () => {
    await server?.stop();
    await proxy.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    server = await startServer({ home: dir, venv: homeFrom(process.env).venv, env });
    proxy.target(server.port);
    const cloud = await startCloud(jobs, { ...server.env, ...settings });
    const clients = clientsOf(cloud);
    const outputs = (await stackOutputs(clients.cloudformation, sharedStackName('local'))) as Outputs;
    await pauseSweeper(clients.scheduler);
    const { pid } = server;
    return {
      ...cloud,
      ...{ proxy, outputs, clients },
      kill: (task) => killWorkers(pid, task),
      stop: async () => {
        for (const client of Object.values(clients)) client.destroy();
        await cloud.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function clientsOf(cloud: Cloud) {
  const settings = clientOf(cloud);
  return {
    cloudformation: new CloudFormationClient(settings),
    dynamodb: new DynamoDBClient(settings),
    events: new EventBridgeClient(settings),
    glue: new GlueClient(settings),
    lambda: new LambdaClient(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    scheduler: new SchedulerClient(settings),
    sfn: new SFNClient(settings),
    sqs: new SQSClient(settings),
  };
}

/** Tests sweep themselves: a sweep in between would do what a test waits to see others do. */
async function pauseSweeper(scheduler: SchedulerClient): Promise<void> {
  const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
  const Name = Schedules.find(({ Name: name = '' }) => name.includes('SweepSchedule'))?.Name;
  if (Name === undefined) throw new Error('the app has no schedule for its sweeper');
  const { FlexibleTimeWindow, ScheduleExpression, Target } = await scheduler.send(
    new GetScheduleCommand({ Name }),
  );
  await scheduler.send(
    new UpdateScheduleCommand({ Name, FlexibleTimeWindow, ScheduleExpression, Target, State: 'DISABLED' }),
  );
}

/** A worker is a child of the server's process, and runs a script in a folder that has its function's name. */
async function killWorkers(server: number, task: string): Promise<number> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=,args=']);
  const pids = stdout.split('\n').flatMap((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === server && args.includes(`JobTasks${task}`) ? [Number(pid)] : [];
  });
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length;
}
