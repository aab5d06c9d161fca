/** Deliveries that were given up: delivered again, or taken out since somebody discarded them. */
import { type Delivery, deliveryTo } from '../../aws/deliver.ts';
import type { PeekedMessage } from '../../aws/peek.ts';
import type { FailureRecord } from '../../core/failure.ts';
import { explain } from '../explain.ts';
import { type DeadLetterQueue, deliveryFailure } from './dead-letters.ts';
import type { RunOutcome } from './redrive-run.ts';
import { type SiftDeps, type Sifted, siftEach } from './sifting.ts';

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

export interface Deliveries extends Sifted {
  outcomes: Map<string, RunOutcome>;
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
  const outcomes = new Map<string, RunOutcome>();
  const own = queues.filter(({ kind }) => kind === 'delivery');
  const sifted = await siftEach(deps, own, (queue) => async (message, hold) => {
    const outcome = await settle(deps, queue, message, wanted.has(message.id), () => hold(longestDelivery));
    if (outcome !== null) outcomes.set(message.id, outcome);
    return outcome !== null && ['redriven', 'closed-before'].includes(outcome.outcome);
  });
  for (const [id, came] of outcomes) {
    if (came.outcome === 'redriven' && !sifted.taken.has(id))
      came.detail += `; its message may still be there: \`forebay dlq discard ${id}\`, or it is delivered again`;
  }
  return { ...sifted, outcomes };
}

/** Never throws: others of the same look are being delivered meanwhile. `null`: it is none of ours. */
async function settle(
  deps: DeliverDeps,
  queue: DeadLetterQueue,
  message: PeekedMessage,
  isWanted: boolean,
  holdLong: () => Promise<void>,
): Promise<RunOutcome | null> {
  try {
    const closed = (await deps.getFailure(message.id))?.closed;
    if (closed !== undefined) return { outcome: 'closed-before', detail: closed.reason, by: null };
    return isWanted ? await deliverOne(deps, queue, message, holdLong) : null;
  } catch (error) {
    return { outcome: 'kept', detail: explain(error), by: null };
  }
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
