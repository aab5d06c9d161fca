import type { Ledger } from '../../aws/interfaces.ts';
import type { RunRecord, SliceRecord } from '../../core/ledger.ts';
import { isMendedAtSource, isPassed, leavesDoubt, type WholeReason } from '../../core/resume.ts';

/** The part of a new run that says what it takes over. */
export type Resumed = Pick<RunRecord, 'force' | 'from' | 'resumes' | 'relist' | 'follows' | 'whole'>;

interface Asked {
  /** The run that is to be resumed. */
  named: string;
  job: { name: string; version: string };
  slice: string;
  /** Whose lease the new run is about to take: nobody commits between this reading and that. */
  seen: SliceRecord | null;
}

/** A chain of resumed runs that each failed is as long as somebody was patient. */
const longest = 100;

/**
 * What a run takes over from the failed one that it is started in the place of: all that is finished, or nothing at
 * all. What that run was asked for is asked for again.
 */
export async function resumed(deps: Pick<Ledger, 'getRun'>, asked: Asked): Promise<Resumed> {
  const { named, job, seen } = asked;
  const run = await deps.getRun(job.name, named);
  if (run === null || run.slice !== asked.slice) return { force: false, whole: 'unknown' };
  const follows = { follows: named };
  if (run.status !== 'FAILED') return { force: false, ...follows, whole: 'not-failed' };
  const chain = await chainOf(deps, run, job.version);
  const source = furthest(chain);
  if (isPassed(source, seen)) return { force: false, ...follows, whole: 'committed' };
  const wanted = { force: run.force, ...(run.from === undefined ? {} : { from: run.from }), ...follows };
  const whole = wholeOf(run, job.version);
  if (whole !== null) return { ...wanted, whole };
  // A trigger left its mark, and this run takes it away: what came since must be seen.
  const relist =
    seen?.mark != null || isMendedAtSource(run.error?.name ?? '') || isListedSince(seen, chain, source);
  return { ...wanted, resumes: source.runId, ...(relist ? { relist } : {}) };
}

function wholeOf(run: RunRecord, version: string): WholeReason | null {
  if (run.jobVersion !== version) return 'other-version';
  return leavesDoubt(run.error?.name ?? '') ? 'in-doubt' : null;
}

/**
 * Whether the source was listed behind the source's own listing, by a run that failed, too. R0 lists file a and fails;
 * b arrives, A1 lists both and fails. A run that resumed R0 with its listing would commit a alone, and A1's failure
 * would then pass for one that was committed since. Only the chain itself may have had the lease since.
 */
function isListedSince(seen: SliceRecord | null, chain: readonly RunRecord[], source: RunRecord): boolean {
  const since = chain.slice(0, chain.indexOf(source));
  const leases = since.filter(({ fence }) => fence > 0).length;
  return (seen?.fence ?? 0) !== source.fence + leases || since.some(({ relist }) => relist === true);
}

/** The failed run, and those that it was to resume: the latest first, down to one that has planned its shards. */
async function chainOf(deps: Pick<Ledger, 'getRun'>, run: RunRecord, version: string): Promise<RunRecord[]> {
  const chain = [run];
  for (let at = run; at.tasks.Plan === undefined && chain.length < longest; ) {
    const before = at.resumes === undefined ? null : await deps.getRun(at.job, at.resumes);
    if (before?.status !== 'FAILED' || before.jobVersion !== version) break;
    chain.push(before);
    at = before;
  }
  return chain;
}

/**
 * A resumed run may fail before it has taken over what there was: then the run that it resumed has more to give. The
 * last that has planned its shards, or else that has a listing.
 */
const furthest = (chain: readonly RunRecord[]): RunRecord =>
  chain.find(({ tasks }) => tasks.Plan !== undefined) ??
  chain.find(({ loaded }) => loaded !== null) ??
  (chain[0] as RunRecord);
