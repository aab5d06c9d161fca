/** Which failures a command is about: those that are named, or those that its filters let through. */

import { type Command, Option } from 'commander';
import type { Ledger } from '../../aws/interfaces.ts';
import { type FailureKind, type FailureRecord, failureKinds } from '../../core/failure.ts';
import { duration, secondsOf } from '../../core/job/shapes.ts';
import { Problem, wrongUsage } from '../problem.ts';
import { type Session, unknownName } from '../session.ts';
import { type DeadLetterQueue, type DeadLetters, deadLetters, type FailureFilter } from './dead-letters.ts';
import { deadLetterQueues, mustBeKnown } from './queues.ts';

export interface FilterOptions {
  job?: string;
  kind?: FailureKind;
  error?: string;
  olderThan?: string;
}

export const addFilters = (command: Command): Command =>
  command
    .addOption(new Option('--kind <kind>', 'only those of a kind').choices([...failureKinds]))
    .option('--error <name>', 'only those of an error, e.g. AccessDenied')
    .option('--older-than <duration>', 'only those that failed last before that, e.g. 30m, 2h, 1d');

export function filterOf({ job, kind, error, olderThan }: FilterOptions, now: Date): FailureFilter {
  return {
    ...(job === undefined ? {} : { job }),
    ...(kind === undefined ? {} : { kind }),
    ...(error === undefined ? {} : { error }),
    ...(olderThan === undefined ? {} : { before: timeBefore(olderThan, now) }),
  };
}

function timeBefore(text: string, now: Date): string {
  if (!duration.safeParse(text).success)
    throw wrongUsage(`--older-than is '${text}': give a duration such as 30m, 2h or 1d`);
  return new Date(now.getTime() - secondsOf(text) * 1_000).toISOString();
}

/** `kinds`: the queues that are looked into; all where none are said. */
export async function lookAt(
  session: Session,
  filter: FailureFilter,
  kinds?: ReadonlyArray<DeadLetterQueue['kind']>,
): Promise<DeadLetters & { urls: DeadLetterQueue[] }> {
  const { ledger, peek, outputs } = await session.cloud();
  const urls = await deadLetterQueues(session, filter.job);
  const looked = kinds === undefined ? urls : urls.filter(({ kind }) => kinds.includes(kind));
  const { listFailures, getFailure } = ledger;
  const deps = { listFailures, getFailure, peek, machinePrefix: outputs.StateMachineArnPrefix };
  return { ...(await deadLetters(deps, looked, filter)), urls };
}

export interface Selection {
  failures: FailureRecord[];
  queues: DeadLetterQueue[];
}

/** At least an id or a filter must be given: nobody means all by saying nothing. */
export async function selectFailures(
  session: Session,
  ids: readonly string[],
  options: FilterOptions,
): Promise<Selection> {
  const filter = filterOf(options, new Date());
  const filtered = Object.keys(filter).length > 0;
  if (ids.length > 0 && filtered) throw wrongUsage('give ids or filters, not both');
  if (ids.length === 0 && !filtered) {
    throw wrongUsage(
      'say which: an id, or --job, --kind, --error or --older-than; `forebay dlq list` shows them',
    );
  }
  // Of runs and writes the ledger knows; a delivery is nothing but its message.
  const { failures, urls } = await lookAt(session, ids.length > 0 ? {} : filter, ['delivery']);
  if (filter.job !== undefined && failures.length === 0) await mustBeKnown(session, filter.job);
  const chosen =
    ids.length === 0 ? failures : await Promise.all(ids.map((id) => byId(session, failures, id)));
  return { failures: chosen.map(plain), queues: urls };
}

const plain = ({ seen: _seen, ...failure }: FailureRecord & { seen?: boolean }): FailureRecord => failure;

/** One that is closed is not listed, but its message may still be there. */
export async function byId(
  session: { cloud(): Promise<{ ledger: Pick<Ledger, 'getFailure'> }> },
  failures: readonly FailureRecord[],
  id: string,
): Promise<FailureRecord> {
  const { ledger } = await session.cloud();
  const found = failures.find((failure) => failure.id === id) ?? (await ledger.getFailure(id));
  if (found !== null) return found;
  // A message that somebody works on is hidden: that its id is not seen does not make it a wrong one.
  if (!id.includes('/')) {
    const where = `message '${id.slice(0, 100)}' is in no queue of deliveries now`;
    throw new Problem(
      `${where}: it is gone, or somebody has it in hand; try again in two minutes. The failure of a run is called JOB/RUN`,
    );
  }
  throw unknownName(
    'failure',
    id,
    failures.map((known) => known.id),
  );
}
