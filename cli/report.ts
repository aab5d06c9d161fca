/** A run as people want to see it: its states with their times, and where every record went. */
import { runFailureId } from '../core/failure.ts';
import type {
  BucketRecord,
  ObjectRecord,
  RunRecord,
  RunTask,
  ShardRecord,
  SinkRecord,
  SurveyRecord,
  TaskMetrics,
  TaskTrace,
} from '../core/ledger.ts';
import { wholeReasons } from '../core/resume.ts';
import type { RunStatus } from '../core/run.ts';

export interface StateReport {
  state: string;
  startedAt: string;
  endedAt: string;
  /** From the first start to the last end. */
  ms: number;
  /** The most that one piece of its work took. */
  attempts: number;
  metrics: TaskMetrics;
}

export interface Accounting {
  read: number;
  written: number;
  rejected: number;
  filtered: number;
  /** read = written + rejected + filtered. */
  balanced: boolean;
}

/** Each shard by how far it came. */
export interface ShardStates {
  /** `null`: they are not planned yet. */
  total: number | null;
  planned: number;
  enveloped: number;
  written: number;
  failed: number;
  /** Of those that are enveloped or further, taken over from a failed run. */
  takenOver: number;
}

export interface RunReport {
  run: Omit<RunRecord, 'tasks'>;
  ms: number | null;
  states: StateReport[];
  objects: Pick<ObjectRecord, 'n' | 'name' | 'status' | 'records' | 'bytes' | 'sha256' | 'error'>[];
  shards: ShardStates;
  /** The failed run in whose place this one was started, and why nothing of it was taken over where nothing was. */
  follows: { runId: string; whole: string | null } | null;
  /** Runs that were started in the place of this one. */
  followedBy: string[];
  accounting: Accounting | null;
  rejectsByCode: Record<string, number>;
  /** Values that became null since they are none of their column's type, by column. */
  discarded: Record<string, number>;
  files: { key: string; rows: number; bytes: number }[];
  /** What to run next, where something failed. */
  next: string | null;
}

export interface RunParts {
  objects: ObjectRecord[];
  /** Empty where the slice does not decide its columns. */
  surveys: SurveyRecord[];
  shards: ShardRecord[];
  /** Both empty where repeated keys are let be. */
  buckets: BucketRecord[];
  settled: ShardRecord[];
  sinks: SinkRecord[];
}

const order: ReadonlyArray<RunTask | keyof RunParts> = [
  'OpenRun',
  'Discover',
  'objects',
  'Plan',
  'surveys',
  'Columns',
  'shards',
  'buckets',
  'settled',
  'sinks',
  'Reconcile',
  'Catalog',
  'CloseRun',
  'FailRun',
];
const titles: Record<keyof RunParts, string> = {
  ...{
    objects: 'Extract',
    surveys: 'Survey',
    shards: 'Envelope',
    buckets: 'Keys',
    settled: 'Settle',
    sinks: 'write-lake',
  },
};
const isPart = (name: string): name is keyof RunParts => name in titles;

/** What came of a failed run. */
export interface Aftermath {
  /** Runs that were started in its place, the newest first. */
  followers: Pick<RunRecord, 'runId' | 'status'>[];
  /** Its failure is closed: it was redriven, or somebody discarded it. */
  closed: boolean;
}

export function runReport(
  run: RunRecord,
  parts: RunParts,
  after: Aftermath = { followers: [], closed: false },
): RunReport {
  const { tasks, ...rest } = run;
  return {
    run: rest,
    ms: run.endedAt === null ? null : Date.parse(run.endedAt) - Date.parse(run.startedAt),
    states: order.flatMap((name) => stateOf(name, tasks, parts)),
    objects: parts.objects.map(({ n, name, status, records, bytes, sha256, error }) => ({
      ...{ n, name, status, records, bytes, sha256, error },
    })),
    shards: shardsOf(run, parts),
    follows:
      run.follows === undefined
        ? null
        : { runId: run.follows, whole: run.whole === undefined ? null : wholeReasons[run.whole] },
    followedBy: after.followers.map(({ runId }) => runId),
    accounting: accountingOf(run, parts),
    rejectsByCode: sumCounts(lastOf(parts).map((shard) => shard.rejectsByCode)),
    discarded: sumCounts(lastOf(parts).map((shard) => shard.discarded ?? {})),
    files: parts.sinks.flatMap(({ key, rows, bytes }) =>
      key === null ? [] : [{ key, rows: rows ?? 0, bytes: bytes ?? 0 }],
    ),
    next: nextBehind(run, after),
  };
}

function stateOf(name: RunTask | keyof RunParts, tasks: RunRecord['tasks'], parts: RunParts): StateReport[] {
  const traces = isPart(name) ? parts[name].map(({ trace }) => trace) : [tasks[name] ?? null];
  const known = traces.filter((trace) => trace !== null);
  return known.length === 0 ? [] : [merge(isPart(name) ? titles[name] : name, known)];
}

function merge(state: string, traces: TaskTrace[]): StateReport {
  const startedAt = traces.map((trace) => trace.startedAt).sort()[0] ?? '';
  const endedAt =
    traces
      .map((trace) => trace.endedAt)
      .sort()
      .at(-1) ?? '';
  const metrics: Record<string, number> = {};
  for (const trace of traces) {
    for (const [name, value] of Object.entries(trace.metrics)) metrics[name] = (metrics[name] ?? 0) + value;
  }
  return {
    state,
    startedAt,
    endedAt,
    ms: Date.parse(endedAt) - Date.parse(startedAt),
    attempts: Math.max(...traces.map((trace) => trace.attempt)),
    metrics,
  };
}

function shardsOf(run: RunRecord, { shards, settled, sinks }: RunParts): ShardStates {
  const numbers = (records: ReadonlyArray<{ n: number; status: string }>, status: string) =>
    records.filter((record) => record.status === status).map(({ n }) => n);
  const failed = new Set(
    [...shards, ...settled, ...sinks].filter(({ status }) => status === 'failed').map(({ n }) => n),
  );
  const written = new Set(numbers(sinks, 'done').filter((n) => !failed.has(n)));
  const enveloped = numbers(shards, 'done').filter((n) => !failed.has(n) && !written.has(n)).length;
  const total = run.tasks.Plan?.metrics.shards ?? null;
  return {
    ...{ total, planned: Math.max(0, (total ?? 0) - enveloped - written.size - failed.size), enveloped },
    ...{ written: written.size, failed: failed.size },
    takenOver: shards.filter(({ from }) => from !== undefined).length,
  };
}

/** Of a run that was not committed, as far as its pieces tell; `null` where nothing was read. */
function accountingOf(run: RunRecord, parts: RunParts): Accounting | null {
  if (run.counts === null && parts.objects.length === 0) return null;
  const { read, written, rejected, filtered } = run.counts ?? {
    read: sum(parts.objects, ({ records }) => records),
    written: sum(parts.sinks, ({ rows }) => rows),
    rejected: sum(lastOf(parts), (shard) => shard.rejected),
    filtered: sum(lastOf(parts), (shard) => shard.filtered),
  };
  return { read, written, rejected, filtered, balanced: read === written + rejected + filtered };
}

/** Each shard by its last record: as it was settled, or else as it was enveloped. */
function lastOf({ shards, settled }: RunParts): ShardRecord[] {
  const known = new Map(settled.filter(({ status }) => status === 'done').map((shard) => [shard.n, shard]));
  return shards.map((shard) => known.get(shard.n) ?? shard);
}

function sum<T>(records: readonly T[], number: (record: T) => number | null): number {
  return records.reduce((total, record) => total + (number(record) ?? 0), 0);
}

function sumCounts(counts: ReadonlyArray<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts.flatMap(Object.entries<number>)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/** Of a failed run that was done again, or that somebody has an answer to, nothing is to be done; else the last try tells. */
function nextBehind(run: RunRecord, { followers, closed }: Aftermath): string | null {
  if (run.status !== 'FAILED') return nextCommand(run);
  if (followers.some(({ status }) => succeeded(status))) return null;
  const [last] = followers;
  if (last !== undefined) return `forebay runs show ${last.runId}`;
  return closed ? null : nextCommand(run);
}

export function nextCommand(
  run: Pick<RunRecord, 'job' | 'slice' | 'runId' | 'status' | 'error'>,
): string | null {
  const { error, job, runId, slice } = run;
  if (run.status === 'PARTIAL') return `forebay rejects ${runId}`;
  if (error === null || run.status !== 'FAILED') return null;
  if (error.name === 'RejectThresholdExceeded') return `forebay rejects ${runId}`;
  if (error.name === 'SecretMissing') return `forebay secrets init ${job}`;
  if (slice === '') return `forebay run ${job} --slice <slice>`;
  return `forebay dlq redrive ${runFailureId(job, runId)}`;
}

/** Where every record went, as one sum. */
export const sumOf = ({ read, written, rejected, filtered }: Omit<Accounting, 'balanced'>): string =>
  `${read} read = ${written} written + ${rejected} rejected + ${filtered} filtered`;

/** 0 where the slice is published as it should be; a skipped run found it so. */
export const succeeded = (status: RunStatus): boolean =>
  status === 'COMPLETED' || status === 'PARTIAL' || status === 'SKIPPED';
