/**
 * The task Trigger with its queue in memory. Time is a number of seconds that a test moves: a message is there from
 * its own time on, and what failed comes again behind the visibility timeout, five times.
 */
import type { Ledger } from '../../aws/interfaces.ts';
import type { Job } from '../../core/job/model.ts';
import { markerKey, slicePrefix } from '../../core/listing.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import type { OwnMessage, Triggers } from '../../tasks/trigger/contract.ts';
import { receiveBatch, type TriggerDeps, trigger } from '../../tasks/trigger/trigger.ts';
import { memoryLedger } from './memory-ledger.ts';
import { Crash, job as plainJob } from './world.ts';

interface Message {
  id: string;
  body: string;
  at: number;
  receives: number;
}

export interface Triggering {
  triggers: Triggers;
  ledger: Ledger;
  time: number;
  messages: Message[];
  /** What was received five times in vain. */
  dlq: Message[];
  /** Executions by name; a repeated start is none. */
  starts: Array<{ runId: string; request: RunRequest; time: number }>;
  /** Keys that lie in the source. */
  keys: Set<string>;
  now: Date;
  /** Names of the writes so far, and which of them is the last that its function does. */
  writes: string[];
  interruption: { write: number; when: 'before' | 'after' } | null;
}

const visibility = 360;
const maxReceives = 5;
export const quiet = 120;

export function newTriggering(
  change: Partial<Job> = {},
  before: Triggers['before'] = [],
  ledger: Ledger = memoryLedger(),
): Triggering {
  const job = { ...plainJob, arrival: { quietSeconds: quiet, marker: null }, ...change };
  const { arrival, onRevision } = job;
  return {
    triggers: { job, arrival, onRevision, before },
    ledger,
    ...{ time: 0, messages: [], dlq: [], starts: [], keys: new Set(), writes: [], interruption: null },
    now: new Date('2026-03-02T12:00:00.000Z'),
  };
}

let ids = 0;
const post = (of: Triggering, body: unknown, at = of.time): void =>
  void of.messages.push({ id: `m${++ids}`, body: JSON.stringify(body), at, receives: 0 });

/** S3's event of a file, as EventBridge puts it into the queue. */
export function notice(of: Triggering, key: string, sequencer = '1', at = of.time, size = 10): void {
  of.keys.add(key);
  const detail = { bucket: { name: 'inbox' }, object: { key, size, etag: 'e', sequencer } };
  post(of, { source: 'aws.s3', 'detail-type': 'Object Created', detail }, at);
}

export function commitNotice(of: Triggering, job: string, slice: string): void {
  const detail = { metadata: {}, data: { job, slice } };
  post(of, { source: 'forebay', 'detail-type': 'JobCompleted', detail });
}

export const say = (of: Triggering, message: OwnMessage): void => post(of, message);

const writing = new Set([
  ...['countArrival', 'setDue', 'setStarted', 'setAfter', 'setAfterStarted', 'setArrived', 'send', 'start'],
]);

/** One function. Once it is interrupted, nothing that it still asks for is done. */
function depsOf(of: Triggering): TriggerDeps {
  let ended = false;
  const deps: TriggerDeps = {
    ...of.ledger,
    triggers: of.triggers,
    now: () => of.now,
    send: async (message, delay = 0) => post(of, message, of.time + delay),
    start: async (runId, request) => {
      if (of.starts.some((start) => start.runId === runId)) return;
      of.starts.push({ runId, request, time: of.time });
    },
    hasMarker: async (slice) =>
      of.keys.has(markerKey(slicePrefix(of.triggers.job, slice), of.triggers.arrival?.marker ?? '')),
  };
  const wrapped = Object.entries(deps).map(([name, verb]) => {
    if (typeof verb !== 'function' || name === 'now') return [name, verb];
    return [
      name,
      async (...args: unknown[]) => {
        if (ended) throw new Crash(`${name} of a function that has ended`);
        if (!writing.has(name)) return verb(...args);
        const mine = of.writes.push(name) === of.interruption?.write;
        ended = mine;
        if (mine && of.interruption?.when === 'before') throw new Crash(`before ${name}`);
        const answer = await verb(...args);
        if (mine) throw new Crash(`after ${name}`);
        return answer;
      },
    ];
  });
  return Object.fromEntries(wrapped) as TriggerDeps;
}

/** One function takes these messages, as many as a batch has at most. */
export async function deliver(of: Triggering, batch: Message[], twice = false): Promise<void> {
  const deps = depsOf(of);
  of.messages = of.messages.filter((message) => !batch.includes(message));
  const { batchItemFailures } = await receiveBatch(of.triggers, batch, (work) => trigger(deps, work));
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const message of batch) {
    const receives = message.receives + 1;
    const again = { ...message, at: of.time + visibility, receives };
    if (!failed.has(message.id)) {
      if (twice) of.messages.push({ ...message, at: of.time + 1 });
    } else if (receives < maxReceives) of.messages.push(again);
    else of.dlq.push(again);
  }
}

export const visible = (of: Triggering): Message[] => of.messages.filter(({ at }) => at <= of.time);

/** Until the queue is empty: each time as many as there are, in batches of ten, in their order. */
export async function settle(of: Triggering): Promise<void> {
  while (of.messages.length > 0) {
    of.time = Math.max(of.time, Math.min(...of.messages.map(({ at }) => at)));
    await deliver(of, visible(of).slice(0, 10));
  }
}
