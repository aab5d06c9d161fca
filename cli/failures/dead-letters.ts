/** Failures of one shape, wherever they happened, and the messages that wait in the dead-letter queues for them. */
import type { PeekedMessage, PeekedQueue } from '../../aws/peek.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { type FailureKind, type FailureRecord, writeFailureId } from '../../core/failure.ts';

export interface DeadLetterQueue {
  name: string;
  url: string;
  kind: 'job' | 'write' | 'delivery';
  /** Whose it is alone. */
  job?: string;
}

export interface QueuedMessage extends PeekedMessage {
  queue: string;
  /** Id of the failure that it belongs to; `null`: it says none. */
  failure: string | null;
}

/** A failure, and whether its message was among those that a look into the queues showed, which is a sample. */
export type SeenFailure = FailureRecord & { seen: boolean };

export interface DeadLetters {
  failures: SeenFailure[];
  queues: Array<DeadLetterQueue & { approximateMessages: number }>;
  messages: QueuedMessage[];
}

export interface FailureFilter {
  job?: string;
  kind?: FailureKind;
  /** Name of the error. */
  error?: string;
  /** ISO 8601: it failed last before that. */
  before?: string;
  /** The closed ones, too. */
  all?: boolean;
}

export interface DeadLetterDeps {
  listFailures(filter?: { job?: string; all?: boolean }): Promise<FailureRecord[]>;
  peek(url: string, limit?: number): Promise<PeekedQueue>;
  /** A delivery has a record only if somebody discarded it. */
  getFailure(id: string): Promise<FailureRecord | null>;
  /** A job's machine is this and its name. */
  machinePrefix: string;
}

/** What is open of deliveries is only in their queue: as many are looked at. */
const mostDeliveries = 10_000;

export async function deadLetters(
  deps: DeadLetterDeps,
  queues: readonly DeadLetterQueue[],
  filter: FailureFilter,
): Promise<DeadLetters> {
  const { job, all } = filter;
  const wanted = { ...(job === undefined ? {} : { job }), ...(all === undefined ? {} : { all }) };
  const [recorded, looked] = await Promise.all([
    deps.listFailures(wanted),
    Promise.all(queues.map(async (queue) => ({ queue, ...(await look(deps, queue)) }))),
  ]);
  const found = looked.flatMap(({ queue, messages }) => messages.map((message) => ({ queue, message })));
  const deliveries = await mapAtOnce(
    found.filter(({ queue }) => queue.kind === 'delivery'),
    readsAtOnce,
    async ({ queue, message }) => {
      const open = deliveryFailure(message, queue, deps.machinePrefix);
      const closed = (await deps.getFailure(message.id))?.closed;
      return closed === undefined ? open : { ...open, closed };
    },
  );
  const waiting = new Set(deliveries.map(({ id }) => id));
  const messages = found.map(({ queue, message }) => ({
    ...message,
    body: withoutToken(message.body),
    queue: queue.name,
    failure: failureOf(queue, message),
  }));
  const inQueue = new Set(messages.map(({ failure }) => failure));
  const failures = [...recorded.filter(({ id }) => !waiting.has(id)), ...deliveries]
    .filter((failure) => (all || failure.closed === undefined) && matches(failure, filter))
    .sort((a, b) => b.lastFailedAt.localeCompare(a.lastFailedAt))
    .map((failure) => ({ ...failure, seen: inQueue.has(failure.id) }));
  return {
    failures,
    queues: looked.map(({ queue, approximateMessages }) => ({ ...queue, approximateMessages })),
    messages: messages.filter(
      ({ failure }) => job === undefined || failures.some(({ id }) => id === failure),
    ),
  };
}

const look = (deps: Pick<DeadLetterDeps, 'peek'>, { url, kind }: DeadLetterQueue): Promise<PeekedQueue> =>
  kind === 'delivery' ? deps.peek(url, mostDeliveries) : deps.peek(url);

export function matches(failure: FailureRecord, { job, kind, error, before }: FailureFilter): boolean {
  if (job !== undefined && failure.job !== job) return false;
  if (kind !== undefined && failure.kind !== kind) return false;
  if (error !== undefined && failure.error.name !== error) return false;
  return before === undefined || failure.lastFailedAt < before;
}

/** Name of what nobody gives a reason for: SQS moves a message without a word. */
export const undelivered = 'Undelivered';

const takerOf = ({ job }: Pick<DeadLetterQueue, 'job'>): string =>
  job === undefined ? 'the function that takes it' : `the function Trigger of job ${job}`;

/** What EventBridge and Scheduler say of a message, or SQS of one that it moved, in the shape of all failures. */
export function deliveryFailure(
  { id, sentAt, receives, attributes, movedFrom }: PeekedMessage,
  queue: Pick<DeadLetterQueue, 'job'>,
  machinePrefix: string,
): FailureRecord {
  const target = attributes.TARGET_ARN ?? movedFrom;
  const [name, message] =
    movedFrom === null
      ? [attributes.ERROR_CODE ?? undelivered, attributes.ERROR_MESSAGE ?? 'no reason is given']
      : [undelivered, `received ${receives} times without success; the log of ${takerOf(queue)} says why`];
  const ofMachine = target?.startsWith(machinePrefix) ? target.slice(machinePrefix.length) : '';
  const at = sentAt ?? '';
  return {
    ...{ id, kind: 'delivery', job: queue.job ?? ofMachine, slice: '', runId: '' },
    error: { name, message },
    attempts: Number(attributes.RETRY_ATTEMPTS ?? 0) + 1,
    ...{ firstFailedAt: at, lastFailedAt: at, trace: null, pointer: target },
  };
}

/** The job DLQ's message is the record itself; a write message names its run, shard and sink; a delivery is its own. */
export function failureOf(
  queue: Pick<DeadLetterQueue, 'kind'>,
  { id, body }: Pick<PeekedMessage, 'id' | 'body'>,
): string | null {
  if (queue.kind === 'delivery') return id;
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

export interface FailureGroup {
  error: string;
  kind: FailureKind;
  count: number;
  jobs: string[];
  /** When the oldest of them failed first. */
  oldest: string;
}

/** By error and kind, the most frequent first. */
export function groupsOf(failures: readonly FailureRecord[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const { error, kind, job, firstFailedAt } of failures) {
    const key = `${kind} ${error.name}`;
    const { count, jobs, oldest } = groups.get(key) ?? { count: 0, jobs: [], oldest: firstFailedAt };
    groups.set(key, {
      ...{ error: error.name, kind, count: count + 1, jobs: [...new Set([...jobs, job])].sort() },
      oldest: firstFailedAt < oldest ? firstFailedAt : oldest,
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || a.error.localeCompare(b.error));
}
