/** Failures that somebody says nothing is to be done about: closed with their word, and taken out of their queues. */

import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import type { FailureClose, FailureRecord } from '../../core/failure.ts';
import type { DeadLetterQueue } from './dead-letters.ts';
import { type SiftDeps, takeOut } from './redrive.ts';

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

/** The record is closed before the message goes: so whoever looks for the failure finds at least one of them. */
export async function discard(
  deps: DiscardDeps,
  selected: readonly FailureRecord[],
  queues: readonly DeadLetterQueue[],
  reason: string,
): Promise<Discarded[]> {
  const close = (): FailureClose => ({ how: 'discarded', at: deps.now().toISOString(), by: deps.by, reason });
  const said = new Map<string, Pick<Discarded, 'outcome' | 'detail'>>();
  for (const failure of selected) said.set(failure.id, await discardOne(deps, failure, close()));
  const isDone = (id: string): boolean =>
    ['discarded', 'closed-before'].includes(said.get(id)?.outcome ?? '');
  const messages = await takeOut(deps, queues, isDone);
  const gone = await takeDeliveries(deps, queues, isDone);
  return selected.map(({ id, kind, job, slice }) => ({
    ...{ id, kind, job, slice, outcome: 'kept', detail: '', ...said.get(id) },
    messages: kind === 'delivery' ? Number(gone.has(id)) : (messages.get(id) ?? 0),
  }));
}

async function discardOne(
  deps: DiscardDeps,
  failure: FailureRecord,
  close: FailureClose,
): Promise<Pick<Discarded, 'outcome' | 'detail'>> {
  const { id, kind, redrive, closed } = failure;
  if (closed !== undefined) return { outcome: 'closed-before', detail: closed.reason };
  if (redrive !== undefined && (await deps.describe(redrive.executionArn))?.status === 'RUNNING') {
    return { outcome: 'refused', detail: `run ${redrive.runId} redrives it; cancel that run first` };
  }
  // A delivery is only its message, until somebody says something about it.
  if (kind === 'delivery') await deps.putFailure(failure);
  const done = await deps.closeFailure(id, close);
  if (done) return { outcome: 'discarded', detail: close.reason };
  return { outcome: 'closed-before', detail: 'somebody closed it at this moment' };
}

async function takeDeliveries(
  deps: SiftDeps,
  queues: readonly DeadLetterQueue[],
  isDone: (failure: string) => boolean,
): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const { url } of queues.filter(({ kind }) => kind === 'delivery')) {
    const { taken } = await deps.sift(url, async ({ id }) => isDone(id));
    for (const id of taken) gone.add(id);
  }
  return gone;
}
