/** Which slices a backfill does, and why: decided before anything starts. */
import type { Job } from '../job/model.ts';
import type { SliceRecord } from '../ledger.ts';
import type { Slice } from '../slice.ts';
import type { BackfillRequest, SliceAction } from './model.ts';
import { sliceRange } from './range.ts';

type Timed = Pick<Job, 'name' | 'cadence' | 'timezone'>;

export interface LineOfPlan {
  /** From 0, in the order in which slices are begun. */
  n: number;
  slice: string;
  action: SliceAction;
  why: string;
  /** The run that held the slice when it was planned. */
  heldBy?: string;
}

type Decision = Pick<LineOfPlan, 'action' | 'why'>;

/**
 * Every slice of the range with what is to be done of it. `known`: the job's slices as the ledger has them; `now`:
 * ISO 8601. A range that cannot be is refused (`BackfillRefused`, `SliceInvalid`).
 */
export function planBackfill(
  job: Timed,
  request: BackfillRequest,
  known: readonly SliceRecord[],
  now: string,
): LineOfPlan[] {
  const bySlice = new Map(known.map((record) => [record.slice, record]));
  const slices = sliceRange(job, request, now);
  const ordered = request.order === 'newest' ? slices.toReversed() : slices;
  return ordered.map((slice, n) => lineOf(n, slice, request, bySlice.get(slice.name)));
}

function lineOf(
  n: number,
  { name }: Slice,
  request: BackfillRequest,
  record: SliceRecord | undefined,
): LineOfPlan {
  const { action, why } = request.fromRaw ? rebuilt(record) : loaded(request, record);
  if (record?.holder == null) return { n, slice: name, action, why };
  const heldBy = record.holder.runId;
  return { n, slice: name, action, why: `${why}; run ${heldBy} holds it now`, heldBy };
}

/** What the raw zone has of a slice is what its committed run put there. */
function rebuilt(record: SliceRecord | undefined): Decision {
  if (record?.committed != null) {
    return { action: 'rebuild', why: `from the raw objects of run ${record.committed.runId}` };
  }
  return { action: 'skip', why: 'no run has committed it, so there is nothing to make it from' };
}

function loaded({ reprocess }: BackfillRequest, record: SliceRecord | undefined): Decision {
  if (record?.forgotten !== undefined && record.committed === null) {
    const when = `its data was erased on purpose at ${record.forgotten.at}`;
    return { action: reprocess === 'completed' ? 'load' : 'skip', why: when };
  }
  if (record?.committed != null) {
    const by = `run ${record.committed.runId} loaded it`;
    return reprocess === 'completed' ? { action: 'reload', why: by } : { action: 'skip', why: by };
  }
  if (record?.last?.status === 'FAILED') {
    const failed = `run ${record.last.runId} failed`;
    return reprocess === 'none' ? { action: 'skip', why: failed } : { action: 'load', why: failed };
  }
  return { action: 'load', why: 'no run has loaded it' };
}
