/** What a redrive would do, and why, before it does anything. */
import type { FailureRecord } from '../../core/failure.ts';
import { wholeReasons } from '../../core/resume.ts';
import { resumed } from '../../tasks/open-run/resumed.ts';
import { explain } from '../explain.ts';
import { type DecideDeps, type Decision, decide } from './decide.ts';
import { targetOf } from './deliveries.ts';

export interface PlannedRedrive extends Pick<FailureRecord, 'id' | 'kind' | 'job' | 'slice'> {
  outcome: 'resume' | 'run-whole' | 'close' | 'deliver' | 'refuse' | 'keep';
  detail: string;
}

/** Of a job as it is deployed. */
type VersionOf = (job: string) => Promise<string>;

export async function planRedrive(
  deps: DecideDeps,
  failures: readonly FailureRecord[],
  versionOf: VersionOf,
): Promise<PlannedRedrive[]> {
  const planned: PlannedRedrive[] = [];
  for (const failure of failures) {
    const { id, kind, job, slice } = failure;
    const plan = await (kind === 'delivery' ? ofDelivery(deps, failure) : ofRun(deps, failure, versionOf));
    planned.push({ id, kind, job, slice, ...plan });
  }
  return planned;
}

type Plan = Pick<PlannedRedrive, 'outcome' | 'detail'>;

async function ofDelivery(deps: DecideDeps, failure: FailureRecord): Promise<Plan> {
  const closed = failure.closed ?? (await deps.getFailure(failure.id))?.closed;
  if (closed !== undefined) return { outcome: 'close', detail: closed.reason };
  const target = targetOf(failure);
  if ('unknown' in target) return { outcome: 'keep', detail: target.unknown };
  return { outcome: 'deliver', detail: `to the ${target.to} ${failure.pointer}` };
}

/** As a redrive: whatever goes wrong, the failure is kept. */
async function ofRun(deps: DecideDeps, { job, runId }: FailureRecord, versionOf: VersionOf): Promise<Plan> {
  try {
    const decision = await decide(deps, job, runId);
    switch (decision.act) {
      case 'keep':
        return { outcome: 'keep', detail: decision.detail };
      case 'refuse':
        return { outcome: 'refuse', detail: decision.detail };
      case 'settled':
        return { outcome: 'close', detail: decision.detail };
      case 'close':
        return { outcome: 'close', detail: `run ${decision.by} has committed the slice since` };
      case 'start':
        return await ofStart(deps, decision, versionOf);
    }
  } catch (error) {
    return { outcome: 'keep', detail: explain(error) };
  }
}

/** What OpenRun will take over. */
async function ofStart(
  deps: DecideDeps,
  { run, seen }: Extract<Decision, { act: 'start' }>,
  versionOf: VersionOf,
): Promise<Plan> {
  const job = { name: run.job, version: await versionOf(run.job) };
  const { whole, resumes } = await resumed(deps, { named: run.runId, job, slice: run.slice, seen });
  if (whole !== undefined) return { outcome: 'run-whole', detail: wholeReasons[whole] };
  return { outcome: 'resume', detail: `run ${resumes} is resumed` };
}
