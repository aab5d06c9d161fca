/** What a redrive would do, and why, before it does anything. */
import { deliveryTo } from '../../aws/deliver.ts';
import { type FailureRecord, runFailureId } from '../../core/failure.ts';
import { committedSince, type DecideDeps } from './decide.ts';

export interface PlannedRedrive extends Pick<FailureRecord, 'id' | 'kind' | 'job' | 'slice'> {
  outcome: 'resume' | 'run-whole' | 'close' | 'deliver' | 'refuse' | 'keep';
  detail: string;
}

type PlanDeps = DecideDeps;

/** `versionOf`: of a job as its file is, which is what is deployed unless somebody forgot to. */
export async function planRedrive(
  deps: PlanDeps,
  failures: readonly FailureRecord[],
  versionOf: (job: string) => Promise<string>,
): Promise<PlannedRedrive[]> {
  const planned: PlannedRedrive[] = [];
  for (const failure of failures) {
    const { id, kind, job, slice } = failure;
    const plan = kind === 'delivery' ? ofDelivery(failure) : await ofRun(deps, failure, versionOf);
    planned.push({ id, kind, job, slice, ...plan });
  }
  return planned;
}

type Plan = Pick<PlannedRedrive, 'outcome' | 'detail'>;

function ofDelivery({ pointer }: FailureRecord): Plan {
  const kind = pointer === null ? null : deliveryTo(pointer);
  if (kind === null)
    return { outcome: 'keep', detail: `its target is not known: ${pointer ?? 'none is named'}` };
  return { outcome: 'deliver', detail: `to the ${kind} ${pointer}` };
}

async function ofRun(
  deps: PlanDeps,
  { job, runId }: FailureRecord,
  versionOf: (job: string) => Promise<string>,
): Promise<Plan> {
  const run = await deps.getRun(job, runId);
  const failure = await deps.getFailure(runFailureId(job, runId));
  if (run?.status !== 'FAILED' || failure === null) {
    return { outcome: 'keep', detail: `run ${runId} is ${run?.status ?? 'not in the ledger'}` };
  }
  if (failure.closed !== undefined) return { outcome: 'close', detail: failure.closed.reason };
  if (run.slice === '') return { outcome: 'keep', detail: 'its slice is not known' };
  const { redrive } = failure;
  if (redrive !== undefined && (await deps.describe(redrive.executionArn))?.status === 'RUNNING') {
    return { outcome: 'refuse', detail: `run ${redrive.runId} redrives it` };
  }
  const committed = committedSince(await deps.getSlice(job, run.slice), run);
  if (committed !== null)
    return { outcome: 'close', detail: `run ${committed} has committed the slice since` };
  const version = await versionOf(job).catch(() => null);
  if (version === run.jobVersion) return { outcome: 'resume', detail: `run ${runId} is resumed` };
  return { outcome: 'run-whole', detail: 'the job is another version than that run had' };
}
