/** What a person who looks after all jobs wants to know at a glance, and what they have to do next. */
import type { Ledger } from '../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../core/at-once.ts';
import type { FailureRecord } from '../core/failure.ts';
import { type MissingSlice, missingSlices, watchedSlices } from '../core/freshness.ts';
import type { Job } from '../core/job/model.ts';
import type { Pause, RunRecord, SliceRecord } from '../core/ledger.ts';
import { counted } from '../core/text.ts';
import { queueName } from './failures/queues.ts';

export interface StatusDeps extends Pick<Ledger, 'latestSlices' | 'getPause' | 'listRuns' | 'listFailures'> {
  /** Those that are deployed, each with the URLs of its DLQs. */
  jobs(): Promise<Array<{ job: Job; dlqs: string[] }>>;
  /** Of what all jobs share. */
  dlqs: readonly string[];
  depthOf(queueUrl: string): Promise<number>;
  now(): Date;
}

export interface QueueStatus {
  name: string;
  /** As SQS counts them: approximate. */
  messages: number;
}

export interface JobStatus {
  job: string;
  /** Its last slice that has a committed run. */
  last: { slice: string; runId: string; revision: number; committedAt: string } | null;
  /** `null`: the job expects no slices. Seconds since the first missing slice counts as late. */
  late: { seconds: number; missing: number; first: MissingSlice[] } | null;
  running: number;
  /** Of the last days. */
  failed: number;
  paused: Pause | null;
  /** Open failures by the error's name. */
  failures: Record<string, number>;
  queues: QueueStatus[];
}

export interface Attention {
  /** `null`: of what all jobs share. */
  job: string | null;
  what: string;
  /** The command to run. */
  next: string;
}

export interface StatusReport {
  jobs: JobStatus[];
  queues: QueueStatus[];
  /** Empty: nothing needs a person. */
  attention: Attention[];
}

/** For how long a failed run is counted, though somebody may have dealt with it. */
export const failedDays = 3;
const shownMissing = 3;

export async function statusOf(deps: StatusDeps): Promise<StatusReport> {
  const since = new Date(deps.now().getTime() - failedDays * 86_400_000).toISOString();
  const [jobs, running, committing, failed, failures, queues] = await Promise.all([
    deps.jobs(),
    deps.listRuns({ status: 'RUNNING' }),
    deps.listRuns({ status: 'COMMITTING' }),
    deps.listRuns({ status: 'FAILED', since }),
    deps.listFailures(),
    depths(deps, deps.dlqs),
  ]);
  const known = { active: [...running, ...committing], failed, failures };
  const states = await mapAtOnce(jobs, readsAtOnce, ({ job, dlqs }) => stateOf(deps, job, dlqs, known));
  return {
    jobs: states.map(({ status }) => status),
    queues,
    attention: [
      ...states.flatMap(({ attention }) => attention),
      ...queues.flatMap((queue) => ofQueue(queue, null)),
    ],
  };
}

interface Known {
  active: RunRecord[];
  failed: RunRecord[];
  failures: FailureRecord[];
}

async function stateOf(
  deps: StatusDeps,
  job: Job,
  dlqs: readonly string[],
  { active, failed, failures }: Known,
): Promise<{ status: JobStatus; attention: Attention[] }> {
  const [slices, paused, queues] = await Promise.all([
    deps.latestSlices(job.name, watchedSlices),
    deps.getPause(job.name),
    depths(deps, dlqs),
  ]);
  const now = deps.now().toISOString();
  const missing = missingSlices(job, slices, now);
  const mine = (each: { job: string }) => each.job === job.name;
  const status: JobStatus = {
    job: job.name,
    last: lastOf(slices),
    late: job.freshnessSeconds === null ? null : latenessOf(missing, now),
    running: active.filter(mine).length,
    failed: failed.filter(mine).length,
    paused,
    failures: countBy(failures.filter(mine).map(({ error }) => error.name)),
    queues,
  };
  return { status, attention: attentionOf(status, missing) };
}

/** A paused job is not late to whoever paused it, and a slice that a run holds needs nobody yet. */
function attentionOf({ job, paused, failures, queues }: JobStatus, missing: MissingSlice[]): Attention[] {
  const waiting = paused === null ? missing.filter(({ state }) => state !== 'running') : [];
  return [
    ...lateOnes(job, waiting),
    ...Object.entries(failures).map(([error, count]) => ({
      ...{ job, what: `${counted(count, 'open failures')}: ${error}` },
      next: `forebay dlq list ${job}`,
    })),
    ...queues.flatMap((queue) => ofQueue(queue, job)),
  ];
}

function lateOnes(job: string, waiting: MissingSlice[]): Attention[] {
  const [first] = waiting;
  const last = waiting.at(-1);
  if (first === undefined || last === undefined) return [];
  const again = waiting.some(({ state }) => state === 'failed') ? ' --reprocess failed' : '';
  return [
    {
      job,
      what: `${counted(waiting.length, 'slices')} late, the first is ${first.slice}, due ${first.dueAt}`,
      next: `forebay backfill start ${job} --from ${first.slice} --to ${last.slice}${again}`,
    },
  ];
}

const ofQueue = ({ name, messages }: QueueStatus, job: string | null): Attention[] =>
  messages === 0
    ? []
    : [
        {
          ...{ job, what: `${counted(messages, 'messages')} in ${name}` },
          next: `forebay dlq list${job === null ? '' : ` ${job}`}`,
        },
      ];

function lastOf(slices: readonly SliceRecord[]): JobStatus['last'] {
  const found = slices.findLast(({ committed }) => committed !== null);
  if (found?.committed == null) return null;
  const { runId, revision, committedAt } = found.committed;
  return { slice: found.slice, runId, revision, committedAt };
}

function latenessOf(missing: MissingSlice[], now: string): NonNullable<JobStatus['late']> {
  const [first] = missing;
  const seconds = first === undefined ? 0 : Math.floor((Date.parse(now) - Date.parse(first.dueAt)) / 1_000);
  return { seconds, missing: missing.length, first: missing.slice(0, shownMissing) };
}

const depths = (deps: StatusDeps, urls: readonly string[]): Promise<QueueStatus[]> =>
  Promise.all(urls.map(async (url) => ({ name: queueName(url), messages: await deps.depthOf(url) })));

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
