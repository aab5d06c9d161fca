/** Failures that somebody says nothing is to be done about: closed with their word, and taken out of their queues. */

import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import type { FailureClose, FailureRecord } from '../../core/failure.ts';
import { explain } from '../explain.ts';
import type { DeadLetterQueue } from './dead-letters.ts';
import { type SiftDeps, takeDeliveries, takeOut } from './sifting.ts';

export interface DiscardDeps extends SiftDeps, Pick<Ledger, 'closeFailure' | 'putFailure'> {
  describe(executionArn: string): Promise<ExecutionState | null>;
  by: string;
  now(): Date;
}

export interface Discarded extends Pick<FailureRecord, 'id' | 'kind' | 'job' | 'slice'> {
  outcome: 'discarded' | 'closed-before' | 'refused' | 'kept';
  detail: string;
  messages: number;
}

/**
 * The record is closed before the message goes: so whoever looks for the failure finds at least one of them, and a
 * delivery whose message is met later is not delivered any more.
 */
export async function discard(
  deps: DiscardDeps,
  selected: readonly FailureRecord[],
  queues: readonly DeadLetterQueue[],
  reason: string,
): Promise<{ outcomes: Discarded[]; troubles: string[] }> {
  const close = (): FailureClose => ({ how: 'discarded', at: deps.now().toISOString(), by: deps.by, reason });
  const said = new Map<string, Said>();
  for (const failure of selected)
    said.set(failure.id, await discardOne(deps, failure, close()).catch(keptFor));
  const isDone = (id: string): boolean =>
    ['discarded', 'closed-before'].includes(said.get(id)?.outcome ?? '');
  const messages = await takeOut(deps, queues, isDone);
  const gone = await takeDeliveries(deps, queues);
  const outcomes = selected.map(({ id, kind, job, slice }): Discarded => {
    const own = said.get(id) ?? { outcome: 'kept', detail: '' };
    const unseen = kind === 'delivery' && own.outcome === 'discarded' && !gone.taken.has(id);
    const count = kind === 'delivery' ? Number(gone.taken.has(id)) : (messages.counts.get(id) ?? 0);
    return { id, kind, job, slice, ...(unseen ? notSeen : own), messages: count };
  });
  return { outcomes, troubles: [...messages.troubles, ...gone.troubles] };
}

type Said = Pick<Discarded, 'outcome' | 'detail'>;

/** The others have their turn all the same. */
const keptFor = (error: unknown): Said => ({ outcome: 'kept', detail: explain(error) });

const notSeen: Said = {
  outcome: 'kept',
  detail:
    'its message was not seen, try again in two minutes: somebody has it in hand, or it is gone; who meets it from now on takes it out',
};

async function discardOne(deps: DiscardDeps, failure: FailureRecord, close: FailureClose): Promise<Said> {
  const { id, kind, redrive } = failure;
  // A delivery is only its message, until somebody says something about it.
  const known = kind === 'delivery' ? await deps.getFailure(id) : failure;
  if (known?.closed !== undefined) return { outcome: 'closed-before', detail: known.closed.reason };
  if (redrive !== undefined && (await deps.describe(redrive.executionArn))?.status === 'RUNNING') {
    return { outcome: 'refused', detail: `run ${redrive.runId} redrives it; cancel that run first` };
  }
  if (known === null) await deps.putFailure(failure);
  const done = await deps.closeFailure(id, close);
  if (done) return { outcome: 'discarded', detail: close.reason };
  return { outcome: 'closed-before', detail: 'somebody closed it at this moment' };
}
