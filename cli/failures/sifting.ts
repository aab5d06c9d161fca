/** Messages are taken out of queues, and no queue stands in the way of another. */
import type { Ledger } from '../../aws/interfaces.ts';
import type { Takes } from '../../aws/sift.ts';
import { mapAtOnce } from '../../core/at-once.ts';
import { explain } from '../explain.ts';
import { type DeadLetterQueue, failureOf } from './dead-letters.ts';

export interface SiftDeps extends Pick<Ledger, 'getFailure'> {
  sift(queueUrl: string, takes: Takes): Promise<{ taken: string[]; left: number }>;
}

export interface Sifted {
  /** Ids of messages; not those of a queue that had trouble, of which nobody can say. */
  taken: Set<string>;
  /** What went wrong, by queue: the rest is done, and a repeat does what is left. */
  troubles: string[];
}

/** An empty queue takes a second to say so, and each job has two of its own. */
const queuesAtOnce = 8;

export async function siftEach(
  deps: Pick<SiftDeps, 'sift'>,
  queues: readonly DeadLetterQueue[],
  takesOf: (queue: DeadLetterQueue) => Takes,
): Promise<Sifted> {
  const sifted = await mapAtOnce(queues, queuesAtOnce, async (queue) => {
    try {
      const { taken } = await deps.sift(queue.url, takesOf(queue));
      return { taken, trouble: [] };
    } catch (error) {
      return { taken: [], trouble: [`${queue.name}: ${explain(error)}`] };
    }
  });
  return {
    taken: new Set(sifted.flatMap(({ taken }) => taken)),
    troubles: sifted.flatMap(({ trouble }) => trouble),
  };
}

export interface TakenOut {
  /** How many messages, by failure. */
  counts: Map<string, number>;
  troubles: string[];
}

/**
 * Takes the messages of what is over out of the queues of runs and writes, and those of failures that are closed: whoever
 * closed one may have died before its message was taken out, which is why that comes last.
 */
export async function takeOut(
  deps: SiftDeps,
  queues: readonly DeadLetterQueue[],
  isDone: (failure: string) => boolean,
): Promise<TakenOut> {
  const over = new Map<string, string>();
  const withRecord = queues.filter(({ kind }) => kind !== 'delivery');
  const { taken, troubles } = await siftEach(deps, withRecord, (queue) => async (message) => {
    const failure = failureOf(queue, message);
    if (failure === null) return false;
    if (!isDone(failure) && (await deps.getFailure(failure))?.closed === undefined) return false;
    over.set(message.id, failure);
    return true;
  });
  const counts = new Map<string, number>();
  for (const [id, failure] of over) if (taken.has(id)) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return { counts, troubles };
}

/** Takes out the messages of deliveries that are closed. */
export const takeDeliveries = (deps: SiftDeps, queues: readonly DeadLetterQueue[]): Promise<Sifted> =>
  siftEach(
    deps,
    queues.filter(({ kind }) => kind === 'delivery'),
    () =>
      async ({ id }) =>
        (await deps.getFailure(id))?.closed !== undefined,
  );
