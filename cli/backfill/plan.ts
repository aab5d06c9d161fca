/** What a backfill would do now: the plan that its machine makes, made here, where nothing is started yet. */
import type {
  BackfillPlan,
  BackfillRecord,
  BackfillRequest,
  SliceAction,
} from '../../core/backfill/model.ts';
import { type LineOfPlan, planBackfill } from '../../core/backfill/plan.ts';
import { readBackfillInput } from '../../core/backfill/request.ts';
import { restOf, resumeRefusal } from '../../core/backfill/rest.ts';
import type { Job } from '../../core/job/model.ts';
import { backfillPlanKey } from '../../core/storage.ts';
import { counted } from '../../core/text.ts';
import type { Cloud } from '../cloud.ts';
import type { Output } from '../output.ts';
import { wrongUsage } from '../problem.ts';
import { unknownName } from '../session.ts';

/** As the machine's input has it. */
export type Asked = Partial<BackfillRequest> | { resume: string };

export interface ShownPlan {
  job: string;
  request: BackfillRequest;
  resumes: string | null;
  counts: Record<SliceAction, number>;
  slices: LineOfPlan[];
}

export async function planNow(cloud: Cloud, job: Job, asked: Asked, now: Date): Promise<ShownPlan> {
  const known = await cloud.ledger.listSlices(job.name);
  const input = refusalsAsUsage(() => readBackfillInput(asked));
  if ('resume' in input) return restNow(cloud, job, await findBackfill(cloud, input.resume), known);
  const slices = refusalsAsUsage(() => planBackfill(job, input, known, now.toISOString()));
  return { job: job.name, request: input, resumes: null, counts: countActions(slices), slices };
}

async function restNow(
  { ledger, store, outputs }: Cloud,
  job: Job,
  before: BackfillRecord,
  known: Awaited<ReturnType<Cloud['ledger']['listSlices']>>,
): Promise<ShownPlan> {
  if (before.job !== job.name) throw wrongUsage(`backfill ${before.id} is of ${before.job}, not ${job.name}`);
  const refusal = resumeRefusal(before, await ledger.listBackfills({ job: job.name }));
  if (refusal !== null) throw wrongUsage(refusal);
  const ref = { bucket: outputs.OpsBucket, key: backfillPlanKey(job.name, before.id) };
  const plan = JSON.parse((await store.get(ref)).toString('utf8')) as BackfillPlan;
  const slices = restOf(plan, await ledger.listBackfillSlices(before.id), known);
  const { request, id } = before;
  return { job: job.name, request, resumes: id, counts: countActions(slices), slices };
}

/** A refusal is about what was asked for: the command line is what is wrong. */
function refusalsAsUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw wrongUsage(error.message.replace(/^(BackfillRefused|SliceInvalid): /, ''));
  }
}

function countActions(slices: readonly LineOfPlan[]): Record<SliceAction, number> {
  const counts: Record<SliceAction, number> = { load: 0, reload: 0, rebuild: 0, skip: 0 };
  for (const { action } of slices) counts[action] += 1;
  return counts;
}

/** The backfill of that id, or the one whose id ends so. */
export async function findBackfill({ ledger }: Cloud, id: string): Promise<BackfillRecord> {
  const all = await ledger.listBackfills({});
  const exact = all.find((record) => record.id === id);
  const ending = id.length < 4 ? [] : all.filter((record) => record.id.endsWith(id));
  const [only, another] = exact === undefined ? ending : [exact];
  if (only !== undefined && another === undefined) return only;
  throw unknownName(
    'backfill',
    id,
    all.map((record) => record.id),
  );
}

export function printPlan(out: Output, plan: ShownPlan): void {
  out.table(
    ['slice', 'action', 'why'],
    plan.slices.map(({ slice, action, why }) => [slice, action, why]),
  );
  out.line(`\n${summaryOf(plan)}`);
}

export function summaryOf({ job, counts, slices, request }: ShownPlan): string {
  const parts = Object.entries(counts).filter(([, n]) => n > 0);
  const told = parts.map(([action, n]) => `${n} to ${action}`).join(', ') || 'nothing to do';
  const held = slices.filter(({ heldBy, action }) => heldBy !== undefined && action !== 'skip').length;
  const busy = held === 0 ? '' : `; ${held} held by other runs now`;
  return `${job}: ${counted(slices.length, 'slices')}, ${told}${busy}; ${counted(request.lanes, 'lanes')}`;
}
