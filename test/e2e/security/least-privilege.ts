/**
 * Every function's role, taken, against every part of the app: real calls to the local cloud, which enforces IAM.
 * What a function has no business with is denied; what is its business is allowed, by the same calls, so that a
 * denial means the policy and not a wrong call. (What the local cloud does not look at (leading keys, keys of KMS)
 * is asserted on the template, in test/infra/functions.test.ts.)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GetTableCommand, GlueClient } from '@aws-sdk/client-glue';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import type { Outputs } from '../../../core/outputs.ts';
import { jobStackName, sharedStackName } from '../../../core/outputs.ts';
import { backfillPlanKey, tableName } from '../../../core/storage.ts';
import {
  type Call,
  objectCalls,
  serviceCalls,
  sharedCalls,
  type Target,
  tableCalls,
} from '../../support/calls.ts';
import type { Cloud } from '../../support/cloud.ts';
import { clientOf } from '../../support/consumer.ts';
import { outputsOf, sharedOutputs } from '../../support/deployed.ts';
import { physical, resourcesOf, type Settings, sessionOf } from '../../support/roles.ts';

const readsStaging = ['own read staging', 'own read columns', 'own read scan'];
const writesStaging = [
  'own write staging',
  'own write columns',
  'own write survey',
  'own write lanes',
  'own write failures',
];

/**
 * What each function may do, of all calls: `own` to its own job, `other` to another, and what all jobs share.
 * Written from the design: who reads and writes which zone, table, queue and secret.
 */
const business: Record<string, string[]> = {
  OpenRun: [
    ...['read', 'write'].map((verb) => `own ${verb} job version`),
    'own list job versions',
    'get slice',
    'update slice',
    'get run',
    'put outcome',
    'update run',
    'query runs',
    'own start run',
    'own describe run',
    'tell the bus',
    'send to job DLQ',
  ],
  Trigger: [
    'own list inbox',
    'get slice',
    'update slice',
    'query slices',
    'own start run',
    'own receive trigger',
    'own send trigger',
  ],
  Discover: [
    'own list inbox',
    'own list staging',
    'own read job version',
    // From raw, the listing is what it says.
    'own read manifest',
    ...writesStaging,
    'get slice',
    'update run',
    'put outcome',
    'query runs',
    'tell the bus',
  ],
  Extract: [
    'own list inbox',
    'own read inbox',
    'own read raw',
    'own write raw',
    'own list raw',
    'own read unpacked',
    'own write unpacked',
    'own read job version',
    'own read scan',
    'own list staging',
    ...writesStaging,
    'put outcome',
  ],
  Plan: [
    'own read job version',
    ...readsStaging,
    ...writesStaging,
    'own list staging',
    'query runs',
    'update run',
  ],
  Survey: ['own read raw', 'own read unpacked', 'own read job version', 'own write survey', 'put outcome'],
  Columns: [
    'own read job version',
    ...readsStaging,
    'own list staging',
    'own write columns',
    'query runs',
    'update run',
    'own get table',
    // As Catalog, by the local cloud.
    'other get table',
  ],
  Envelope: [
    'own read raw',
    'own read unpacked',
    'own read job version',
    'own read columns',
    'own read staging',
    'own list staging',
    ...writesStaging,
    'own read rejects',
    'own write rejects',
    'own read secret',
    'put outcome',
    // As Discover, by the local cloud.
    'get run',
  ],
  RecordFailure: ['put outcome'],
  Keys: [
    'own read job version',
    ...readsStaging,
    ...writesStaging,
    'put outcome',
    // By the local cloud, which knows no leading keys; on AWS of outcomes alone, here and in Settle.
    'query runs',
  ],
  Settle: [
    'own read raw',
    'own read unpacked',
    'own read job version',
    ...readsStaging,
    ...writesStaging,
    'own write rejects',
    'own read secret',
    'put outcome',
    'get run',
    'query runs',
  ],
  WriteLake: [
    ...readsStaging,
    'own read lake',
    'own write lake',
    'get run',
    'put outcome',
    'update run',
    'own receive write',
    // By the local cloud's quirk; on AWS of the own machine alone.
    'answer a task',
  ],
  Reconcile: [
    ...readsStaging,
    'own read job version',
    'own read manifest',
    'own write manifest',
    'get run',
    'own write failures',
    'query runs',
    'update run',
  ],
  Catalog: [
    'own read manifest',
    'get slice',
    'get run',
    'update run',
    'own get table',
    'own update table',
    // The local cloud asks for the database alone; AWS also for the table, which the template test holds.
    'other get table',
    'other update table',
  ],
  CloseRun: [
    'own read job version',
    'get slice',
    'update slice',
    'get run',
    'put outcome',
    'update run',
    'query runs',
    'own start run',
    'tell the bus',
  ],
  FailRun: [
    'own read job version',
    'get slice',
    'update slice',
    'get run',
    'put outcome',
    'update run',
    'query runs',
    'own start run',
    'tell the bus',
    'send to job DLQ',
  ],
  PlanBackfill: [
    ...['read', 'write'].flatMap((verb) => [`own ${verb} job version`, `own ${verb} backfill plan`]),
    'own list job versions',
    'own write lanes',
    'query slices',
    'get run',
    'put outcome',
    'query runs',
  ],
  BeginSlice: ['get slice', 'get run', 'put outcome'],
  EndSlice: ['get run', 'put outcome'],
  CloseBackfill: [
    'own read job version',
    'get run',
    'put outcome',
    'update run',
    'query runs',
    'tell the bus',
  ],
  Sweep: [
    ...['own', 'other'].flatMap((whose) => [
      `${whose} read job version`,
      `${whose} read manifest`,
      `${whose} get table`,
      `${whose} update table`,
      `${whose} start run`,
      `${whose} start backfill`,
      `${whose} describe run`,
      `${whose} list runs`,
      `${whose} list job versions`,
    ]),
    'get slice',
    'update slice',
    'query slices',
    'get run',
    'put outcome',
    'update run',
    'query runs',
    'query all pending',
    'tell the bus',
    'send to job DLQ',
  ],
  Watch: ['get slice', 'query slices', 'query runs'],
};

/** There is one of each for all jobs. */
const ofAllJobs = ['Sweep', 'Watch'];

/** What whoever may make a call is told where it would do harm if it did anything: there is no such task. */
const answers: Record<string, RegExp> = {
  'answer a task': /^(TaskDoesNotExist|InvalidToken)$/,
  'own stop run': /^ValidationException$/,
  'other stop run': /^ValidationException$/,
};

let cloud: Cloud;
let outputs: Outputs;
const calls = new Map<string, Call>();

/** A job with a run that wrote one record and rejected one, so that there is an object of each kind. */
async function loaded(settings: Settings, job: string, key: string): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'forebay-files-'));
  const file = join(folder, 'a.csv.gz');
  writeFileSync(file, gzipSync(`${key},email\n1,a@example.org\nx,b@example.org\n`));
  const slice = '2026-03-01';
  const { runId } = await cloud.json<{ runId: string }>('load', job, file, '--slice', slice);
  rmSync(folder, { recursive: true, force: true });
  const { run } = await cloud.json<{ run: { jobVersion: string } }>('runs', 'show', runId);
  const plan = { Bucket: outputs.OpsBucket, Key: backfillPlanKey(job, 'none'), Body: '{}' };
  await new S3Client({ ...settings, forcePathStyle: true }).send(new PutObjectCommand(plan));
  const {
    StateMachineArn = '',
    LakeDlqUrl = '',
    TriggersQueueUrl = '',
  } = await outputsOf(settings, jobStackName('local', job));
  const resources = await resourcesOf(settings, jobStackName('local', job));
  const { Table } = await new GlueClient(settings).send(
    new GetTableCommand({ DatabaseName: outputs.Database, Name: tableName(job) }),
  );
  const {
    Name = '',
    StorageDescriptor,
    PartitionKeys,
    Parameters,
    TableType,
  } = Table ?? expect.fail('no table');
  return {
    job,
    slice,
    runId,
    version: run.jobVersion,
    stateMachineArn: StateMachineArn,
    writeQueueUrl: physical(resources, 'JobLakeQueue'),
    writeDlqUrl: LakeDlqUrl,
    triggersQueueUrl: TriggersQueueUrl,
    table: { Name, StorageDescriptor, PartitionKeys, Parameters, TableType },
  };
}

const first = (settings: Settings) => async (Bucket: string, Prefix: string) => {
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }));
  return Contents[0]?.Key ?? expect.fail(`nothing lies below ${Bucket}/${Prefix}`);
};

const sessions = new Map<string, Promise<Settings>>();
function session(task: string): Promise<Settings> {
  const known = sessions.get(task) ?? take(task);
  sessions.set(task, known);
  return known;
}

async function take(task: string): Promise<Settings> {
  const shared = ofAllJobs.includes(task);
  const stack = shared ? sharedStackName('local') : jobStackName('local', 'orders');
  const resources = await resourcesOf(clientOf(cloud), stack);
  return sessionOf(cloud, physical(resources, shared ? `${task}Role` : `JobTasks${task}Role`));
}

/** Of each call `allowed`, `denied`, or what else came of it, which is neither. */
async function outcomesOf(settings: Settings, names: readonly string[]): Promise<Record<string, string>> {
  const outcomes = await Promise.all(
    names.map(async (name) => [name, await attempt(name, settings)] as const),
  );
  return Object.fromEntries(outcomes);
}

async function attempt(name: string, settings: Settings): Promise<string> {
  try {
    await calls.get(name)?.(settings);
    return 'allowed';
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
    if (/^AccessDenied(Exception)?$/.test(kind)) return 'denied';
    return answers[name]?.test(kind) ? 'allowed' : `${kind}: ${message}`;
  }
}

export function leastPrivilege(given: () => Cloud): void {
  beforeAll(async () => {
    cloud = given();
    const settings = clientOf(cloud);
    outputs = await sharedOutputs(settings);
    const own = await loaded(settings, 'orders', 'order_id');
    const other = await loaded(settings, 'invoices', 'invoice_id');
    let started = 0;
    const name = () => `probe-${++started}`;
    for (const [whose, target] of Object.entries({ own, other })) {
      const of = {
        ...(await objectCalls(outputs, target, first(settings))),
        ...serviceCalls(outputs, target, name),
      };
      for (const [call, make] of Object.entries(of)) calls.set(`${whose} ${call}`, make);
    }
    for (const [call, make] of Object.entries({ ...tableCalls(outputs, own), ...sharedCalls(outputs) }))
      calls.set(call, make);
  });

  test.each(Object.keys(business))('%s may do its business, and nothing else', async (task) => {
    const names = [...calls.keys()];
    const own = business[task] ?? [];
    expect(names).toEqual(expect.arrayContaining(own));
    expect(await outcomesOf(await session(task), names)).toEqual(
      Object.fromEntries(names.map((name) => [name, own.includes(name) ? 'allowed' : 'denied'])),
    );
  });

  test('each call is allowed to who owns the account: a denial is the work of a policy', async () => {
    const harmless = [...calls.keys()].filter((name) => !/ (delete table|replace secret)$/.test(name));
    const outcomes = await outcomesOf(clientOf(cloud), harmless);
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'allowed')).toEqual([]);
  });
}
