/** A backfill as people want to see it: slices by state, what failed and why, and what to run next. */
import type { BackfillCounts, BackfillRecord, BackfillSliceRecord } from '../../core/backfill/model.ts';
import { countSlices, secondsLeft } from '../../core/backfill/progress.ts';
import type { ErrorRecord } from '../../core/errors.ts';
import type { Output } from '../output.ts';
import { nextCommand } from '../report.ts';

export interface FailedGroup {
  error: ErrorRecord;
  slices: string[];
  runIds: string[];
  /** What to run about the first of them. */
  next: string | null;
}

export interface BackfillPage {
  backfill: BackfillRecord;
  counts: BackfillCounts;
  /** `null` where nothing is done yet, or nothing is left to do. */
  secondsLeft: number | null;
  failed: FailedGroup[];
  /** Slices that another run holds, or that did not end, with the reason. */
  waiting: Array<Pick<BackfillSliceRecord, 'slice' | 'state' | 'runId' | 'why'>>;
  /** What to run next, where slices are left. */
  next: string | null;
}

/** `resumedBy`: the latest backfill that was to do its rest. */
export function backfillPage(
  backfill: BackfillRecord,
  slices: readonly BackfillSliceRecord[],
  now: Date,
  resumedBy: string | null = null,
): BackfillPage {
  const over = backfill.status !== 'RUNNING';
  const unfinished = over && backfill.status !== 'COMPLETED';
  return {
    backfill,
    counts: countSlices(backfill, slices),
    secondsLeft: over ? null : secondsLeft(backfill, slices, now),
    failed: failures(backfill.job, slices),
    waiting: slices
      .filter(({ state }) => state === 'busy' || (over && state === 'running'))
      .map(({ slice, state, runId, why }) => ({ slice, state, runId, why })),
    next: unfinished ? nextOf(backfill, resumedBy) : null,
  };
}

/** What another backfill has done of the rest is to be seen there, and what it has left, too. */
const nextOf = ({ job, id }: BackfillRecord, resumedBy: string | null): string =>
  resumedBy === null ? `forebay backfill start ${job} --resume ${id}` : `forebay backfill show ${resumedBy}`;

/** By the error's name, the largest group first: its first message stands for all of them. */
function failures(job: string, slices: readonly BackfillSliceRecord[]): FailedGroup[] {
  const groups = new Map<string, FailedGroup>();
  for (const { state, error, slice, runId } of slices) {
    if (state !== 'failed' || error === null) continue;
    const known = groups.get(error.name);
    if (known !== undefined) {
      known.slices.push(slice);
      known.runIds.push(runId ?? '');
      continue;
    }
    const next = nextCommand({ job, slice, runId: runId ?? '', status: 'FAILED', error });
    groups.set(error.name, { error, slices: [slice], runIds: [runId ?? ''], next });
  }
  return [...groups.values()].sort((a, b) => b.slices.length - a.slices.length);
}

const tones = { FAILED: 'red', CANCELLED: 'yellow', COMPLETED: 'green' } as const;

export const paintedStatus = (out: Output, status: BackfillRecord['status']): string =>
  status === 'RUNNING' ? status : out.paint(tones[status], status);

export function printPage(out: Output, page: BackfillPage): void {
  const { backfill } = page;
  const { request } = backfill;
  out.line(
    `${out.paint('bold', `${backfill.job} ${request.from} to ${request.to}`)}  ${paintedStatus(out, backfill.status)}  backfill ${backfill.id}`,
  );
  const how = request.fromRaw ? 'from raw' : `reprocess ${request.reprocess}`;
  const resumes = backfill.resumes === null ? '' : `, the rest of ${backfill.resumes}`;
  out.line(
    `${how}, ${request.order} first, lanes ${request.lanes}${resumes}; started ${backfill.startedAt}` +
      `${backfill.endedAt === null ? '' : `, ended ${backfill.endedAt}`}`,
  );
  if (backfill.cancelledAt !== null) out.line(`cancelled ${backfill.cancelledAt}: no further slice is begun`);
  out.line(`slices: ${countsOf(page.counts)}`);
  if (page.secondsLeft !== null && page.secondsLeft > 0)
    out.line(`time left: about ${duration(page.secondsLeft)}, by the slices so far`);
  for (const group of page.failed) printGroup(out, group);
  for (const { slice, why } of page.waiting) out.line(`${slice}: ${why ?? 'its run did not end'}`);
  if (page.next !== null) out.line(`next: ${page.next}`);
}

function printGroup(out: Output, { error, slices, next }: FailedGroup): void {
  out.line(`${slices.length} × ${out.paint('red', error.name)}: ${error.message}`);
  const more = slices.length > 10 ? ` and ${slices.length - 10} more` : '';
  out.line(`  ${slices.slice(0, 10).join(', ')}${more}`);
  if (next !== null) out.line(`  ${next}`);
}

/** States that no slice is in are left out. */
export const countsOf = (counts: BackfillCounts): string =>
  (['done', 'failed', 'busy', 'running', 'skipped', 'left'] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(', ') || 'none';

export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  const hours = seconds / 3_600;
  return hours < 36 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`;
}
