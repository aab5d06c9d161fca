import type { Ledger } from '../../aws/interfaces.ts';
import { lanesOf } from '../../core/backfill/lanes.ts';
import type { BackfillPlan, BackfillRecord, SliceAction } from '../../core/backfill/model.ts';
import { type LineOfPlan, planBackfill } from '../../core/backfill/plan.ts';
import { isFinal } from '../../core/backfill/progress.ts';
import { readBackfillInput } from '../../core/backfill/request.ts';
import { restOf, resumeRefusal } from '../../core/backfill/rest.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import { backfillPlanKey, lanesKey } from '../../core/storage.ts';
import type { PlanBackfillInput, PlanBackfillOutput } from './contract.ts';

export interface PlanBackfillDeps
  extends Pick<
    Ledger,
    'openBackfill' | 'getBackfill' | 'listBackfills' | 'listBackfillSlices' | 'listSlices'
  > {
  /** Copies the deployed job to the ops bucket, unless this version is there, and gives it. */
  pinJobVersion(job: { name: string; version: string }): Promise<Job>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
  readOps(key: string): Promise<Buffer>;
  putOps(key: string, body: Buffer): Promise<unknown>;
  opsBucket: string;
}

/** Seconds before each round. A slice is tried in each of them that finds it held by another run. */
export const pauses = [0, 15, 30, 60, 120] as const;

/**
 * Decides in the first round what becomes of each slice, and gives in every round what is left to the children. A
 * plan is made once: a repeat of this task goes on with the one that was kept.
 */
export async function planRound(
  deps: PlanBackfillDeps,
  input: PlanBackfillInput,
): Promise<PlanBackfillOutput> {
  const backfill = { job: input.job.name, id: input.execution.name };
  const { round } = input;
  const { record, slices } = await opened(deps, input, backfill);
  const left = await leftOf(deps, backfill.id, slices);
  const waitSeconds = pauses[round - 1];
  const over = record.status !== 'RUNNING' || record.cancelledAt !== null || waitSeconds === undefined;
  if (over || left.length === 0) return { next: 'close', backfill, round };
  const key = lanesKey(backfill.job, backfill.id, round);
  const children = lanesOf(left, record.request.lanes);
  await deps.putOps(key, Buffer.from(JSON.stringify(children)));
  const lanes = { bucket: deps.opsBucket, key, count: children.length, atOnce: record.request.lanes };
  return { next: round === 1 ? 'begin' : 'again', backfill, round, lanes, waitSeconds };
}

async function leftOf(deps: PlanBackfillDeps, id: string, slices: LineOfPlan[]): Promise<LineOfPlan[]> {
  const over = new Set((await deps.listBackfillSlices(id)).filter(isFinal).map(({ n }) => n));
  return slices.filter(({ n, action }) => action !== 'skip' && !over.has(n));
}

async function opened(
  deps: PlanBackfillDeps,
  input: PlanBackfillInput,
  { job, id }: { job: string; id: string },
): Promise<{ record: BackfillRecord; slices: LineOfPlan[] }> {
  const key = backfillPlanKey(job, id);
  const known = await deps.getBackfill(job, id);
  if (known !== null) return { record: known, slices: parse(await deps.readOps(key)).slices };
  const fresh = await planOf(deps, await deps.pinJobVersion(input.job), input);
  const plan = parse(await deps.keepOps(key, Buffer.from(JSON.stringify(fresh))));
  return { record: await deps.openBackfill(recordOf(plan, input)), slices: plan.slices };
}

const parse = (bytes: Buffer): BackfillPlan => JSON.parse(bytes.toString('utf8')) as BackfillPlan;

async function planOf(
  deps: PlanBackfillDeps,
  job: Job,
  { request, execution }: PlanBackfillInput,
): Promise<BackfillPlan> {
  const asked = readBackfillInput(request);
  const known = await deps.listSlices(job.name);
  const own = { job: job.name, id: execution.name };
  if (!('resume' in asked)) {
    const slices = planBackfill(job, asked, known, execution.startTime);
    return { ...own, request: asked, resumes: null, slices };
  }
  const before = await ended(deps, job.name, asked.resume);
  const plan = parse(await deps.readOps(backfillPlanKey(job.name, before.id)));
  const slices = restOf(plan, await deps.listBackfillSlices(before.id), known);
  return { ...own, request: before.request, resumes: before.id, slices };
}

async function ended(deps: PlanBackfillDeps, job: string, id: string): Promise<BackfillRecord> {
  const record = await deps.getBackfill(job, id);
  if (record === null) {
    const list = `forebay backfill list ${job}`;
    throw new ForebayError('BackfillRefused', `${job} has no backfill ${id.slice(0, 80)}; see \`${list}\``);
  }
  const refusal = resumeRefusal(record, await deps.listBackfills({ job }));
  if (refusal !== null) throw new ForebayError('BackfillRefused', refusal);
  return record;
}

function recordOf(plan: BackfillPlan, { job, execution }: PlanBackfillInput): BackfillRecord {
  const planned: Record<SliceAction, number> = { load: 0, reload: 0, rebuild: 0, skip: 0 };
  for (const { action } of plan.slices) planned[action] += 1;
  const { id, request, resumes } = plan;
  return {
    ...{ job: job.name, id, jobVersion: job.version, status: 'RUNNING', request, resumes, planned },
    executionArn: execution.id,
    startedAt: new Date(execution.startTime).toISOString(),
    ...{ endedAt: null, cancelledAt: null, counts: null, error: null },
  };
}
