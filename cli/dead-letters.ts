/** Failures as the ledger records them, beside the messages that wait in the dead-letter queues. */
import type { PeekedMessage, PeekedQueue } from '../aws/peek.ts';
import { writeFailureId } from '../core/failure.ts';
import type { FailureRecord } from '../core/ledger.ts';

export interface DeadLetterQueue {
  name: string;
  url: string;
  kind: 'job' | 'write' | 'delivery';
}

export interface QueuedMessage extends PeekedMessage {
  queue: string;
  /** Id of the failure record that it belongs to; `null` for a delivery, whose reason is in its attributes. */
  failure: string | null;
}

export interface DeadLetters {
  /** `seen`: its message was among those that a look into the queues showed, which is a sample. */
  failures: Array<FailureRecord & { seen: boolean }>;
  queues: Array<DeadLetterQueue & { approximateMessages: number }>;
  messages: QueuedMessage[];
}

export async function deadLetters(
  deps: {
    listFailures(filter?: { job?: string }): Promise<FailureRecord[]>;
    peek(url: string): Promise<PeekedQueue>;
  },
  queues: readonly DeadLetterQueue[],
  filter: { job?: string },
): Promise<DeadLetters> {
  const [failures, looked] = await Promise.all([
    deps.listFailures(filter),
    Promise.all(queues.map(async (queue) => ({ queue, ...(await deps.peek(queue.url)) }))),
  ]);
  const messages = looked.flatMap(({ queue, messages }) =>
    messages.map((message) => ({
      ...message,
      body: withoutToken(message.body),
      queue: queue.name,
      failure: failureOf(queue, message.body),
    })),
  );
  const inQueue = new Set(messages.map(({ failure }) => failure));
  return {
    failures: failures.map((failure) => ({ ...failure, seen: inQueue.has(failure.id) })),
    queues: looked.map(({ queue, approximateMessages }) => ({ ...queue, approximateMessages })),
    messages: messages.filter(
      ({ failure }) => filter.job === undefined || failure?.startsWith(`${filter.job}/`),
    ),
  };
}

/** The job DLQ's message is the record itself; a write message names its run, shard and sink. */
export function failureOf(queue: Pick<DeadLetterQueue, 'kind'>, body: string): string | null {
  if (queue.kind === 'delivery') return null;
  try {
    const message = JSON.parse(body) as {
      id?: string;
      run?: { job: string; runId: string };
      shard?: { n: number };
      sink?: string;
    };
    if (queue.kind === 'job') return message.id ?? null;
    const { run, shard, sink } = message;
    if (run === undefined || shard === undefined || sink === undefined) return null;
    return writeFailureId(run.job, run.runId, sink, shard.n);
  } catch {
    return null;
  }
}

/** A task token lets its holder answer for the task: it is nobody's to read on a screen. */
const withoutToken = (body: string): string => body.replace(/("taskToken"\s*:\s*")[^"]*"/, '$1…"');
