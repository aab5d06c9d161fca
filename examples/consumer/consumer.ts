/** What this consumer makes of a job's completion: how many orders and units each slice has. */
import type { JobCompleted, JobPartial } from 'forebay/core/events';
import type { Manifest } from 'forebay/core/manifest';

export type Published = JobCompleted | JobPartial;

/** One item a slice. */
export interface Totals {
  slice: string;
  revision: number;
  runId: string;
  orders: number;
  units: number;
}

export interface ConsumerDeps {
  readManifest(ref: { bucket: string; key: string }): Promise<Manifest>;
  /** The `qty` of each row of a file in the lake; null where the contract allows it. */
  readUnits(key: string): Promise<Array<number | null>>;
  getRevision(slice: string): Promise<number | null>;
  /** Puts them unless the same or a later revision is there: `false`. */
  putTotals(totals: Totals): Promise<boolean>;
}

/**
 * Events come at least once, and in any order. A slice's revisions count up, so that one number tells a repeat, and
 * an event that was overtaken by a later one, from what is new: whichever way they come, the latest stays.
 */
export async function consume(deps: ConsumerDeps, { data }: Published): Promise<'counted' | 'dropped'> {
  const { slice, revision, runId } = data;
  const known = await deps.getRevision(slice);
  if (known !== null && known >= revision) return 'dropped';
  const manifest = await deps.readManifest(data.manifest);
  let [orders, units] = [0, 0];
  for (const { key, rows } of manifest.files) {
    const read = await deps.readUnits(key);
    // The manifest is the promise: what does not hold it is not counted, and the message comes again.
    if (read.length !== rows) throw new Error(`${key} has ${read.length} rows, the manifest says ${rows}`);
    orders += read.length;
    units += read.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  }
  const put = await deps.putTotals({ slice, revision, runId, orders, units });
  return put ? 'counted' : 'dropped';
}
