import type { RedriveDeps } from '../failures/redrive.ts';
import type { Session } from '../session.ts';
import { followRun, machineOf } from './run-to-end.ts';

/** What redrives, retries and discards ask of the cloud. */
export async function redriveDeps(
  session: Session,
): Promise<RedriveDeps & Pick<Awaited<ReturnType<Session['cloud']>>['ledger'], 'putFailure'>> {
  const cloud = await session.cloud();
  const { ledger, executions, outputs } = cloud;
  const arnOf = (job: string, runId: string) =>
    `${machineOf(cloud, job).replace(':stateMachine:', ':execution:')}:${runId}`;
  return {
    ...ledger,
    arnOf,
    describe: executions.describe,
    start: (job, runId, request) => executions.start(machineOf(cloud, job), runId, request),
    follow: (started) => followRun(cloud, (text) => session.output.tick(text), started),
    sift: cloud.sift,
    deliver: cloud.deliver,
    by: await cloud.caller(),
    now: () => new Date(),
    machinePrefix: outputs.StateMachineArnPrefix,
    progress: (text) => session.output.progress(text),
  };
}
