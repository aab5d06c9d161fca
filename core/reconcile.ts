/** The proof that nothing was lost, shard by shard, from three counts that share no code. */
import { type ErrorRecord, ForebayError, isErrorName, RecordedError } from './errors.ts';
import type { Contract } from './job/model.ts';
import type {
  BucketRecord,
  FailedPiece,
  ObjectRecord,
  ShardRecord,
  SinkRecord,
  SurveyRecord,
} from './ledger.ts';
import type { Shard } from './shard.ts';

export interface Evidence {
  runId: string;
  objects: ObjectRecord[];
  /** As planned from Extract's scans: `records` is Extract's count. */
  planned: Shard[];
  /** Envelope's records: what it rejected and filtered. */
  shards: ShardRecord[];
  /** The writers' records, by sink: rows as the footers of what was written tell them. */
  sinks: Record<string, SinkRecord[]>;
  /** Of a job that settles repeated keys. */
  keys?: KeyEvidence;
}

export interface KeyEvidence {
  /** How many buckets Plan made. */
  planned: number;
  buckets: BucketRecord[];
  /** The shards as Settle left them: these are the batches that were written. */
  settled: ShardRecord[];
}

export interface Accounting {
  read: number;
  written: number;
  rejected: number;
  filtered: number;
}

/** The slice's counts, or the first cause by its name, or `ShardIncomplete`, or `CountMismatch`. */
export function reconcile(evidence: Evidence): Accounting {
  stagesOf(evidence).forEach(raiseFirst);
  if (evidence.keys !== undefined) holdKeys(evidence.shards, evidence.keys, evidence.runId);
  const [last, by] =
    evidence.keys === undefined ? [evidence.shards, 'Envelope'] : [evidence.keys.settled, 'Settle'];
  const shards = new Map(last.map((record) => [record.n, record]));
  const sinks = Object.entries(evidence.sinks).map(
    ([sink, records]) => [sink, new Map(records.map((record) => [record.n, record]))] as const,
  );
  const total: Accounting = { read: 0, written: 0, rejected: 0, filtered: 0 };
  for (const { n, records } of evidence.planned) {
    const { rejected, filtered } = shards.get(n) ?? {};
    if (rejected == null || filtered == null) throw incomplete(evidence.runId, n, by);
    for (const [sink, bySink] of sinks) {
      const rows = bySink.get(n)?.rows;
      if (rows == null) throw incomplete(evidence.runId, n, `the writer of ${sink}`);
      if (records !== rows + rejected + filtered) throw mismatch(n, sink, records, rows, rejected, filtered);
    }
    total.read += records;
    total.written += records - rejected - filtered;
    total.rejected += rejected;
    total.filtered += filtered;
  }
  holdObjects(evidence);
  return total;
}

/**
 * Every record of every object is in the plan. An Extract whose answer was lost may be recorded as failed, passed
 * over by Plan, and then, since its function was still at work, be recorded as done.
 */
function holdObjects({ objects, planned }: Evidence): void {
  const sums = new Map<number, number>();
  for (const { object, records } of planned) sums.set(object, (sums.get(object) ?? 0) + records);
  for (const { n, name, records } of objects) {
    const inPlan = sums.get(n) ?? 0;
    if (records === inPlan) continue;
    const what = `object ${n} (${name}): Extract counted ${records} records, the plan has ${inPlan}`;
    throw new ForebayError('CountMismatch', `${what}; nothing is published, run the slice again`);
  }
}

/**
 * Every written key went through one bucket, and what the buckets took away is what Settle left out: so no bucket
 * is missing, none merged half of its keys, and no shard was settled by another's losers.
 */
function holdKeys(shards: ShardRecord[], { planned, buckets, settled }: KeyEvidence, runId: string): void {
  const known = new Set(buckets.map(({ n }) => n));
  const silent = Array.from({ length: planned }, (_, n) => n).find((n) => !known.has(n));
  if (silent !== undefined) {
    const what = `bucket ${silent} of ${runId} has no record of Keys`;
    throw new ForebayError('ShardIncomplete', `${what}; see its log, then run the slice again`);
  }
  const rows = (records: ShardRecord[]) => total(records, ({ batch }) => batch?.rows);
  const [enveloped, left] = [rows(shards), rows(settled)];
  const [merged, lost] = [total(buckets, ({ ids }) => ids), total(buckets, ({ losers }) => losers)];
  if (merged === enveloped && lost === enveloped - left) return;
  const what = `Envelope left ${enveloped} rows, the buckets merged ${merged} keys and took ${lost} away, Settle left ${left}`;
  throw new ForebayError('CountMismatch', `${what}; nothing is published, please report it`);
}

const total = <T>(records: readonly T[], count: (record: T) => number | null | undefined): number =>
  records.reduce((sum, record) => sum + (count(record) ?? 0), 0);

const incomplete = (runId: string, n: number, who: string): ForebayError =>
  new ForebayError(
    'ShardIncomplete',
    `shard ${n} of ${runId} has no record of ${who}; see its log, then run the slice again`,
  );

const mismatch = (
  n: number,
  sink: string,
  records: number,
  rows: number,
  rejected: number,
  filtered: number,
): ForebayError =>
  new ForebayError(
    'CountMismatch',
    `shard ${n}: Extract counted ${records} records, but ${rows} rows are in ${sink}, ${rejected} were rejected ` +
      `and ${filtered} filtered, which makes ${rows + rejected + filtered}; nothing is published, please report it`,
  );

/** Every shard is surveyed, or the first cause by its name, or `ShardIncomplete`. */
export function surveyed(runId: string, planned: readonly Shard[], surveys: SurveyRecord[]): void {
  raiseFirst({ what: 'surveys', of: planned.length, records: surveys });
  const done = new Set(surveys.map(({ n }) => n));
  const silent = planned.find(({ n }) => !done.has(n));
  if (silent !== undefined) throw incomplete(runId, silent.n, 'Survey');
}

interface Stage {
  what: string;
  of: number;
  records: Array<{ n: number; status: string; error: ErrorRecord | null }>;
}

/** Objects before shards before sinks: what comes later may only follow from what came before. */
const stagesOf = ({ objects, shards, sinks, planned, keys }: Evidence): Stage[] => [
  { what: 'objects', of: objects.length, records: objects },
  { what: 'shards', of: planned.length, records: shards },
  { what: 'buckets', of: keys?.planned ?? 0, records: keys?.buckets ?? [] },
  { what: 'settled shards', of: planned.length, records: keys?.settled ?? [] },
  ...Object.entries(sinks).map(([sink, records]) => ({
    ...{ what: `shards in ${sink}`, of: planned.length, records },
  })),
];

/** Everything that failed, by stage and number. */
export const failedIn = (evidence: Evidence): FailedPiece[] =>
  stagesOf(evidence).flatMap(({ what, records }) =>
    failedOf(records).map(({ n, error }) => ({ what, n, error })),
  );

const failedOf = (records: Stage['records']): Stage['records'] =>
  records.filter(({ status }) => status === 'failed').sort((a, b) => a.n - b.n);

function raiseFirst({ what, of, records }: Stage): void {
  const failed = failedOf(records);
  const [first] = failed;
  if (first !== undefined)
    throw asCause(first.error, `${failed.length} of ${of} ${what} failed, first number ${first.n}`);
}

function asCause(error: ErrorRecord | null, where: string): Error {
  const known = error ?? { name: 'ShardIncomplete', message: 'without a word' };
  const { name, message } = known;
  if (isErrorName(name)) return new ForebayError(name, `${message} (${where})`);
  return new RecordedError(known, where);
}

/** Whether that many rejects may be published; `RejectThresholdExceeded` where not. */
export function holdLimits(counts: Accounting, contract: Pick<Contract, 'maxRejects'>, runId: string): void {
  const { maxRejects } = contract;
  if (maxRejects === null || counts.rejected === 0) return;
  // Divided, as a person would check it: a product of a ratio may fall short of the whole number that it means.
  const held =
    'count' in maxRejects
      ? counts.rejected <= maxRejects.count
      : counts.rejected / counts.read <= maxRejects.ratio;
  if (held) return;
  const allowed = 'count' in maxRejects ? `${maxRejects.count}` : `a ratio of ${maxRejects.ratio}`;
  throw new ForebayError(
    'RejectThresholdExceeded',
    `${counts.rejected} of ${counts.read} records were rejected, the job allows ${allowed}; see: forebay rejects ${runId}`,
  );
}
