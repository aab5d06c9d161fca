/** Deliveries that were given up: delivered again, or taken out since somebody discarded them. */
import { type Delivery, deliveryTo } from '../../aws/deliver.ts';
import type { PeekedMessage } from '../../aws/peek.ts';
import type { FailureRecord } from '../../core/failure.ts';
import { explain } from '../explain.ts';
import { type DeadLetterQueue, deliveryFailure } from './dead-letters.ts';
import type { SiftDeps } from './redrive.ts';
import type { RunOutcome } from './redrive-run.ts';

export interface DeliverDeps extends SiftDeps {
  deliver(delivery: Delivery): Promise<string>;
  machinePrefix: string;
}

/** Invoking a function may take as long as one is allowed to run. */
const longestDelivery = 960;

/** How its target takes it, or why nobody can say. */
export function targetOf({
  pointer,
}: Pick<FailureRecord, 'pointer'>): { to: NonNullable<ReturnType<typeof deliveryTo>> } | { unknown: string } {
  const to = pointer === null ? null : deliveryTo(pointer);
  if (to !== null) return { to };
  const named = pointer === null || pointer === '' ? 'none is named' : pointer;
  return { unknown: `its target is not known: ${named}; do by hand what it asks for, then discard it` };
}

export interface Deliveries {
  outcomes: Map<string, RunOutcome>;
  /** Ids of the messages that were taken out. */
  taken: Set<string>;
}

/**
 * Delivers those that are wanted. A message is at one redrive's hands at a time: SQS hides it from all others. It goes
 * when its target has taken it. One that was discarded is not delivered but goes, wanted or not: whoever discarded it may
 * not have seen it, or have died before it was taken out.
 */
export async function redeliver(
  deps: DeliverDeps,
  wanted: ReadonlySet<string>,
  queues: readonly DeadLetterQueue[],
): Promise<Deliveries> {
  const came: Deliveries = { outcomes: new Map(), taken: new Set() };
  for (const queue of queues.filter(({ kind }) => kind === 'delivery')) {
    const { taken } = await deps.sift(queue.url, async (message, hold) => {
      const closed = (await deps.getFailure(message.id))?.closed;
      if (closed === undefined && !wanted.has(message.id)) return false;
      const outcome: RunOutcome =
        closed === undefined
          ? await deliverOne(deps, queue, message, () => hold(longestDelivery))
          : { outcome: 'closed-before', detail: closed.reason, by: null };
      came.outcomes.set(message.id, outcome);
      return ['redriven', 'closed-before'].includes(outcome.outcome);
    });
    for (const id of taken) came.taken.add(id);
  }
  return came;
}

async function deliverOne(
  deps: DeliverDeps,
  queue: DeadLetterQueue,
  message: PeekedMessage,
  holdLong: () => Promise<void>,
): Promise<RunOutcome> {
  const failure = deliveryFailure(message, queue, deps.machinePrefix);
  const target = targetOf(failure);
  if ('unknown' in target) return { outcome: 'kept', detail: target.unknown, by: null };
  try {
    if (target.to === 'function') await holdLong();
    const { id, body, attributes } = message;
    const detail = await deps.deliver({ messageId: id, target: failure.pointer ?? '', body, attributes });
    return { outcome: 'redriven', detail, by: null };
  } catch (error) {
    return { outcome: 'failed-again', detail: explain(error), by: null };
  }
}

/** Takes out the messages of those that are closed. Gives their ids. */
export async function takeDeliveries(
  deps: SiftDeps,
  queues: readonly DeadLetterQueue[],
): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const { url } of queues.filter(({ kind }) => kind === 'delivery')) {
    const { taken } = await deps.sift(
      url,
      async ({ id }) => (await deps.getFailure(id))?.closed !== undefined,
    );
    for (const id of taken) gone.add(id);
  }
  return gone;
}
