/**
 * Two thousand shards through the deployed machine. A shard has twenty records of 47 bytes each: what is tried here
 * is their number, and what each leaves behind in state, history and ledger.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListMapRunsCommand,
  paginateListExecutions,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunReport } from '../../cli/report.ts';
import { mapAtOnce } from '../../core/at-once.ts';
import { loadJobs } from '../../core/job/load.ts';
import { local, synthesize } from '../support/app.ts';
import { type Cloud, root, startCloud } from '../support/cloud.ts';
import { clientOf } from '../support/consumer.ts';
import { eventCount, historiesOf, mostEvents } from '../support/history.ts';
import { definitionOf } from '../support/machine.ts';

const jobs = join(root, 'test', 'e2e', 'scale-jobs');
const header = 'reading,meter,taken_at,value';
const recordBytes = 47;
const recordsInShard = 20;
const objects = 4;
const [few, many] = [200, 2_000];
const limit = 20_000;

let cloud: Cloud;
let files: string;
let sfn: SFNClient;
const reports = new Map<number, RunReport>();

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'forebay-files-'));
  cloud = await startCloud(jobs, { FOREBAY_SHARD_BYTES: String(recordBytes * recordsInShard) });
  sfn = new SFNClient(clientOf(cloud));
});

afterAll(async () => {
  sfn?.destroy();
  await cloud?.stop();
  rmSync(files, { recursive: true, force: true });
});

/** Number 7 of each shard is no number, and number 13 is below zero, which the job filters. */
function lines(from: number, records: number): string[] {
  return Array.from({ length: records }, (_, i) => {
    const value = i % recordsInShard === 7 ? '1.2x4' : i % recordsInShard === 13 ? '-1.25' : '01.25';
    const reading = String(from + i).padStart(8, '0');
    return `${reading},meter-${reading.slice(-4)},2026-03-01T10:00:00Z,${value}`;
  });
}

async function loaded(slice: string, shards: number, firstReading: number): Promise<RunReport> {
  const records = (shards / objects) * recordsInShard;
  const paths = Array.from({ length: objects }, (_, n) => {
    const path = join(files, `${slice}-${n}.csv`);
    writeFileSync(path, `${[header, ...lines(firstReading + n * records, records)].join('\n')}\n`);
    return path;
  });
  const { runId } = await cloud.json<{ runId: string }>('load', 'readings', ...paths, '--slice', slice);
  const report = await cloud.json<RunReport>('runs', 'show', runId);
  reports.set(shards, report);
  return report;
}

async function rowOf(sql: string): Promise<Record<string, string>> {
  const { stdout, stderr } = await cloud.forebay('query', sql, '--format', 'ndjson');
  if (stdout === '') throw new Error(stderr);
  return Object.fromEntries(Object.entries(JSON.parse(stdout)).map(([name, value]) => [name, String(value)]));
}

test.each([
  // In this order the functions are warm for the few.
  ['2026-03-01', many, 0],
  ['2026-03-02', few, many * recordsInShard],
])(
  'slice %s of %i shards has every record accounted for, in the ledger and in the table',
  async (slice, shards, firstReading) => {
    const {
      run,
      accounting,
      rejectsByCode,
      files: parts,
      shards: done,
    } = await loaded(slice, shards, firstReading);
    const read = shards * recordsInShard;
    expect(run.status).toBe('PARTIAL');
    const others = { planned: 0, enveloped: 0, failed: 0, takenOver: 0 };
    expect(done).toEqual({ total: shards, written: shards, ...others });
    expect(accounting).toEqual({
      read,
      written: read - 2 * shards,
      rejected: shards,
      filtered: shards,
      balanced: true,
    });
    expect(run.counts?.repeatedKeys).toBe(0);
    expect(rejectsByCode).toEqual({ CastFailed: shards });
    expect(parts.map(({ rows }) => rows)).toEqual(Array.from({ length: shards }, () => recordsInShard - 2));
    expect(new Set(parts.map(({ key }) => key)).size).toBe(shards);
    const row = await rowOf(
      'SELECT count(*) AS rows, count(DISTINCT reading) AS readings, count(DISTINCT metadata.id) AS ids, ' +
        'min(reading) AS first, max(reading) AS last, sum(value) AS total, ' +
        `count(*) FILTER ((reading - ${firstReading}) % ${recordsInShard} IN (7, 13)) AS wrong ` +
        `FROM readings WHERE slice = '${slice}'`,
    );
    const written = read - 2 * shards;
    expect(row).toEqual({
      ...{ rows: String(written), readings: String(written), ids: String(written), wrong: '0' },
      ...{ first: String(firstReading), last: String(firstReading + read - 1) },
      total: (written * 1.25).toFixed(3),
    });
  },
  900_000,
);

test('the rejects of two thousand shards are listed one by one, each with its own place', async () => {
  const { run } = reports.get(many) ?? expect.fail('the run of many shards is not there');
  const { stdout } = await cloud.forebay('--json', 'rejects', run.runId);
  const places = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { code: string; object: string; record: number; offset: number });
  expect(places.length).toBe(many);
  expect(new Set(places.map(({ object, record }) => `${object} ${record}`)).size).toBe(many);
  for (const { code, record, offset } of places) {
    expect(code).toBe('CastFailed');
    expect(record % recordsInShard).toBe(7);
    expect(offset).toBe(header.length + 1 + record * recordBytes);
  }
});

/** All texts of state that an event carries: what goes into a state, what comes out of it, what a task answers. */
function statesIn(events: readonly HistoryEvent[]): string[] {
  return events.flatMap((event) =>
    [
      event.executionStartedEventDetails?.input,
      event.stateEnteredEventDetails?.input,
      event.stateExitedEventDetails?.output,
      event.taskSucceededEventDetails?.output,
      event.executionSucceededEventDetails?.output,
    ].filter((text) => text !== undefined),
  );
}

const historyOf = async (executionArn: string): Promise<HistoryEvent[]> => {
  const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
  return events;
};

const largest = (texts: readonly string[]): number =>
  Math.max(...texts.map((text) => Buffer.byteLength(text)));

async function childrenOf(executionArn: string): Promise<Map<string, string[]>> {
  const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn }));
  const children = new Map<string, string[]>();
  for (const { mapRunArn } of mapRuns) {
    const arns: string[] = [];
    for await (const page of paginateListExecutions({ client: sfn }, { mapRunArn, maxResults: 1_000 }))
      for (const child of page.executions ?? []) {
        expect(child.status).toBe('SUCCEEDED');
        arns.push(child.executionArn ?? '');
      }
    children.set(/\/(\w+):/.exec(mapRunArn ?? '')?.[1] ?? '', arns);
  }
  return children;
}

test('F25 F29 no state of a run of two thousand shards holds 20 kB, and none grows with their number', async () => {
  const sizes = new Map<number, number>();
  for (const shards of [few, many]) {
    const { run } = reports.get(shards) ?? expect.fail(`the run of ${shards} shards is not there`);
    const own = statesIn(await historyOf(run.executionArn));
    // Each task of the run answers once: seven of them, in and around the try.
    expect(own.length).toBeGreaterThan(7);
    expect(own.some((text) => text.includes('"manifest"'))).toBe(true);
    const children = await childrenOf(run.executionArn);
    expect([...children].map(([map, { length }]) => [map, length])).toEqual([
      ['Extract', objects],
      ['Shards', shards],
    ]);
    // One in ten, of both Maps: what differs between them are digits of a number.
    const some = [...children.values()].flatMap((arns) => arns.filter((_, i) => i % 10 === 0));
    const theirs = await mapAtOnce(some, 8, async (executionArn) => {
      const [child, events] = await Promise.all([
        sfn.send(new DescribeExecutionCommand({ executionArn })),
        historyOf(executionArn),
      ]);
      expect(child.output).toBe('{}');
      return [child.input ?? '', ...statesIn(events)];
    });
    sizes.set(shards, Math.max(largest(own), largest(theirs.flat())));
    expect(sizes.get(shards)).toBeLessThan(limit);
  }
  console.log(`largest state: ${sizes.get(few)} bytes at ${few} shards, ${sizes.get(many)} at ${many}`);
  // The number of a shard, an offset, a count: some digits more, and nothing else.
  expect(Math.abs((sizes.get(many) ?? 0) - (sizes.get(few) ?? 0))).toBeLessThan(100);
});

test('F29 the history of a run is the same for 200 shards and for 2,000, and has less than 200 events', async () => {
  const found = await loadJobs(jobs);
  const template = synthesize(local, found).jobs.readings ?? expect.fail('the job has no stack');
  const { run: onAws = [], ...ofChildren } = historiesOf(definitionOf(template), {
    choices: { 'Held?': 'held', 'New?': 'new' },
  });
  expect(mostEvents(onAws)).toBeLessThan(200);
  for (const child of Object.values(ofChildren)) expect(mostEvents(child)).toBeLessThan(200);

  const types = new Map<number, string[]>();
  for (const shards of [few, many]) {
    const { run } = reports.get(shards) ?? expect.fail(`the run of ${shards} shards is not there`);
    types.set(
      shards,
      (await historyOf(run.executionArn)).map(({ type }) => type ?? ''),
    );
  }
  const recorded = types.get(many) ?? [];
  expect(recorded).toEqual(types.get(few));
  // What the local cloud records is computed, too, in the same order: it writes fewer kinds of events, and of states
  // within the try only what their tasks do.
  const computed = ['ExecutionStarted', ...onAws.flatMap((state) => state.types), 'ExecutionSucceeded'];
  expect(computed.length).toBe(eventCount(onAws));
  let at = -1;
  for (const type of recorded) {
    at = computed.indexOf(type, at + 1);
    expect(at, `${type} of ${recorded.join(', ')} comes in this order`).toBeGreaterThanOrEqual(0);
  }
  const tasks = (all: readonly string[]) => all.filter((type) => type === 'TaskSucceeded').length;
  expect(tasks(recorded)).toBe(tasks(computed));
  console.log(
    `events of a run: ${eventCount(onAws)} on AWS (${mostEvents(onAws)} with every retry), ${recorded.length} in the local cloud`,
  );
});

test('the time of 2,000 shards is shown beside that of 200', () => {
  const rows = [few, many].map((shards) => {
    const { ms, states } = reports.get(shards) ?? expect.fail(`the run of ${shards} shards is not there`);
    const of = (name: string) => states.find(({ state }) => state === name)?.ms ?? Number.NaN;
    return {
      shards,
      ms: ms ?? Number.NaN,
      'ms a shard': Math.round((10 * (ms ?? 0)) / shards) / 10,
      Envelope: of('Envelope'),
      Reconcile: of('Reconcile'),
      Catalog: of('Catalog'),
      CloseRun: of('CloseRun'),
    };
  });
  console.table(rows);
  for (const row of rows) expect(Object.values(row).every((value) => Number.isFinite(value))).toBe(true);
});
