/** A whole run of a small job in a pipeline, and what must be stored behind it, however it came about. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { eventId } from '../../core/events.ts';
import type { Job, RepeatedKeyPolicy } from '../../core/job/model.ts';
import { type Manifest, manifestSchema } from '../../core/manifest.ts';
import { manifestKey } from '../../core/storage.ts';
import { readBatchBytes } from './envelope.ts';
import { execute, newPipeline, type Pipeline, partitionOf } from './pipeline.ts';
import { columnDefaults, job as plainJob } from './world.ts';

export const slice = '2026-03-01';
const column = (name: string, type: 'bigint' | 'string') => ({
  ...{ name, type: { name: type }, nullable: false, from: null },
});
/** Room for as many rejects as are expected, and no more. */
export const jobOf = (onRepeatedKey: RepeatedKeyPolicy): Job => ({
  ...plainJob,
  contract: {
    columns: [column('order_id', 'bigint'), column('email', 'string')],
    ...columnDefaults,
    ...{ filter: "email <> 'test'", key: ['order_id'], onRepeatedKey },
    ...{ onBadRecord: 'quarantine', maxRejects: { count: expected[onRepeatedKey].counts.rejected } },
  },
  privacy: { email: 'hash' },
});

/** Nine records: one is none of the contract's, one is left out, one has an earlier one's key. One file is unpacked. */
export const files = {
  'a.csv': Buffer.from(
    'order_id,email\n1,ann@example.org\n2,bob@example.org\n3,test\nx,eve@example.org\n5,dan@example.org\n',
  ),
  'b.csv.gz': gzipSync(
    'order_id,email\n6,fay@example.org\n7,gus@example.org\n1,ann@example.org\n9,ivy@example.org\n',
  ),
};

/** What the files hold by the contract: keys with the number of their record in its file. */
export const expected = {
  allow: {
    counts: { read: 9, written: 7, rejected: 1, filtered: 1, repeatedKeys: 1 },
    byCode: { CastFailed: 1 },
    rows: ['1 0', '1 2', '2 1', '5 4', '6 0', '7 1', '9 3'],
  },
  reject: {
    counts: { read: 9, written: 5, rejected: 3, filtered: 1, repeatedKeys: 1 },
    byCode: { CastFailed: 1, RepeatedKey: 2 },
    rows: ['2 1', '5 4', '6 0', '7 1', '9 3'],
  },
  'keep-first': {
    counts: { read: 9, written: 6, rejected: 1, filtered: 2, repeatedKeys: 1 },
    byCode: { CastFailed: 1 },
    rows: ['1 0', '2 1', '5 4', '6 0', '7 1', '9 3'],
  },
  'keep-last': {
    counts: { read: 9, written: 6, rejected: 1, filtered: 2, repeatedKeys: 1 },
    byCode: { CastFailed: 1 },
    rows: ['1 2', '2 1', '5 4', '6 0', '7 1', '9 3'],
  },
};

export const manifestOf = async ({ job, ports }: Pipeline, runId: string): Promise<Manifest> =>
  manifestSchema.parse(
    JSON.parse(String(await ports.objects.get({ bucket: 'ops', key: manifestKey(job.name, runId) }))),
  );

type Rows = Array<[string, unknown]>;
const known = new Map<string, Promise<Rows>>();

/** Hundreds of runs leave the same bytes, and an engine is opened for each that is read. */
function readRows(bytes: Buffer): Promise<Rows> {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const rows = known.get(digest) ?? rowsIn(bytes);
  known.set(digest, rows);
  return rows;
}

const rowsIn = async (bytes: Buffer): Promise<Rows> =>
  (await readBatchBytes(bytes)).map(({ metadata: { id, lineage }, data }) => [id, [lineage.record, data]]);

/** What a reader of the table finds: the rows of all objects at the partition's location, by id. */
export async function tableOf(pipeline: Pipeline): Promise<Rows> {
  const location = partitionOf(pipeline, slice)?.location ?? '';
  const prefix = location.slice('s3://lake/'.length);
  const { objects } = pipeline.ports;
  const parts = await objects.list('lake', prefix);
  const rows = await Promise.all(
    parts.map(async ({ key }) => readRows(await objects.get({ bucket: 'lake', key }))),
  );
  return rows.flat().sort(([a], [b]) => (a < b ? -1 : 1));
}

/** By code, of the objects that the manifest names; no other has any. */
async function rejectsOf({ job, ports }: Pipeline, keys: string[]): Promise<Record<string, number>> {
  const runId = /^rejects\/[^/]+\/([\w-]+)\//.exec(keys[0] ?? '')?.[1] ?? '';
  const stored = await ports.objects.list('ops', `rejects/${job.name}/${runId}/`);
  expect(stored.map(({ key }) => key)).toEqual([...keys].sort());
  const found: Record<string, number> = {};
  for (const key of keys) {
    const lines = String(await ports.objects.get({ bucket: 'ops', key }))
      .trim()
      .split('\n');
    for (const { code } of lines.map((line) => JSON.parse(line))) found[code] = (found[code] ?? 0) + 1;
  }
  return found;
}

/** Before its commit nothing of a run is where a reader looks. */
async function nothingBeforeCommit(pipeline: Pipeline): Promise<void> {
  const location = partitionOf(pipeline, slice)?.location;
  if (location === undefined) return;
  const runId = /run=([\w-]+)/.exec(location)?.[1] ?? '';
  const status = (await pipeline.ports.ledger.getRun(pipeline.job.name, runId))?.status;
  expect(['COMMITTING', 'PARTIAL']).toContain(status);
}

export async function newRun(
  policy: RepeatedKeyPolicy,
  interruption: Pipeline['interruption'],
): Promise<Pipeline> {
  const pipeline = await newPipeline(jobOf(policy), files, slice);
  pipeline.interruption = interruption;
  pipeline.watch = () => nothingBeforeCommit(pipeline);
  return pipeline;
}

/** What must be there in the end, whatever happened: the run that the slice has committed. */
export async function assess(pipeline: Pipeline, table: Rows): Promise<string> {
  const { job } = pipeline;
  const { ledger, objects } = pipeline.ports;
  const { counts, byCode } = expected[job.contract.onRepeatedKey];
  const record = await ledger.getSlice(job.name, slice);
  const runId = record?.committed?.runId ?? 'none';
  expect(record).toMatchObject({ holder: null, mark: null });
  expect(await tableOf(pipeline)).toEqual(table);
  expect(await ledger.getRun(job.name, runId)).toMatchObject({ status: 'PARTIAL', counts });
  const manifest = await manifestOf(pipeline, runId);
  expect(manifest).toMatchObject({ counts, rejects: { byCode } });
  expect(await rejectsOf(pipeline, manifest.rejects.keys)).toEqual(byCode);
  const parts = await objects.list('lake', manifest.table.prefix);
  expect(parts.map(({ key }) => key)).toEqual(manifest.files.map(({ key }) => key).sort());
  expect(await ledger.pendingOutbox()).toEqual([]);
  const events = pipeline.sent.filter((sent) => sent.target === 'bus');
  const told = events.filter((sent) => sent.runId === runId);
  const types = ['JobPartial', 'ContractViolated'] as const;
  expect(new Set(told.map(({ id }) => id))).toEqual(new Set(types.map((type) => eventId(runId, type))));
  expect(events.filter(({ body }) => JSON.parse(body).data.status !== 'FAILED')).toEqual(told);
  for (const sent of events) {
    const status = (await ledger.getRun(job.name, sent.runId))?.status;
    expect(JSON.parse(sent.body).data.status).toBe(status);
  }
  return runId;
}

export async function undisturbed(policy: RepeatedKeyPolicy) {
  const pipeline = await newRun(policy, null);
  await execute(pipeline, 'r1', slice);
  const table = await tableOf(pipeline);
  return { pipeline, table, writes: pipeline.writes, manifest: await manifestOf(pipeline, 'r1') };
}

/** Each write with what interrupts it before and after. */
export const points = (writes: number) =>
  Array.from({ length: writes }, (_, i) => i + 1).flatMap((write) => [
    { write, when: 'before' as const },
    { write, when: 'after' as const },
  ]);

/** The lake takes no part of this number until it is mended. */
export function breakLake(pipeline: Pipeline, part: number): () => void {
  const { objects } = pipeline.ports;
  const copy = objects.copy;
  objects.copy = async (from, to) => {
    if (to.bucket !== 'lake' || !to.key.endsWith(`part-0000${part}.parquet`)) return copy(from, to);
    throw Object.assign(new Error('the lake is closed'), { name: 'AccessDenied' });
  };
  return () => {
    objects.copy = copy;
  };
}

export const resume = (pipeline: Pipeline, runId: string, resumes: string) =>
  execute(pipeline, runId, slice, { trigger: 'redrive', resumes });

/** A run of which all is done but one part in the lake. */
export async function failedWrite(policy: Parameters<typeof newRun>[0] = 'allow'): Promise<Pipeline> {
  const pipeline = await newRun(policy, null);
  const mend = breakLake(pipeline, 1);
  await execute(pipeline, 'r1', slice);
  mend();
  const run = await pipeline.ports.ledger.getRun('orders', 'r1');
  expect(run).toMatchObject({ status: 'FAILED', error: { name: 'WriteFailed' } });
  return pipeline;
}
