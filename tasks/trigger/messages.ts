/** What lies in a message of the queue of triggers. */
import { sequence, slicesOfKey } from '../../core/arrival.ts';
import { ForebayError } from '../../core/errors.ts';
import { eventSource } from '../../core/events.ts';
import { isFolder } from '../../core/listing.ts';
import type { OwnMessage, Triggers } from './contract.ts';

export interface Received {
  id: string;
  body: string;
}

/** A file of a slice, and where its event stands among those of its key. */
export interface Arrived {
  key: string;
  sequence: string;
}

/** One thing to do, with the messages that it is done for. */
export type Work = { ids: string[] } & (
  | { do: 'arrived'; slice: string; files: Arrived[] }
  | { do: 'due'; slice: string; count: number }
  | { do: 'committed'; job: string; slice: string }
  | { do: 'after'; slice: string }
  | { do: 'refuse'; error: unknown }
);

/** Files of one slice are one thing to do, however many messages tell of them. */
export function worksOf(triggers: Triggers, received: readonly Received[]): Work[] {
  const bySlice = new Map<string, Extract<Work, { do: 'arrived' }>>();
  const works = received.flatMap(({ id, body }): Work[] => {
    try {
      const message = read(body);
      if ('work' in message) return [{ ids: [id], ...message.work }];
      for (const slice of slicesOf(triggers, message)) {
        const group = bySlice.get(slice) ?? { ids: [], do: 'arrived', slice, files: [] };
        group.ids.push(id);
        group.files.push({ key: message.key, sequence: message.sequence });
        bySlice.set(slice, group);
      }
      return [];
    } catch (error) {
      return [{ ids: [id], do: 'refuse', error }];
    }
  });
  return [...works, ...bySlice.values()];
}

interface Notice extends Arrived {
  bytes: number;
}

/** A job that does not listen to files any more has notices left in its queue. */
const slicesOf = ({ arrival, job }: Triggers, notice: Notice): string[] =>
  arrival === null || isFolder(notice) ? [] : slicesOfKey(job, notice.key);

type OtherWork = Extract<Work, { do: 'due' | 'committed' | 'after' }>;
type WithoutIds<W> = W extends unknown ? Omit<W, 'ids'> : never;

function read(body: string): Notice | { work: WithoutIds<OtherWork> } {
  const message = parsed(body);
  if (message.source === 'aws.s3') return noticeOf(message);
  if (message.source === eventSource) {
    const { job, slice } = (message.detail as { data: { job: string; slice: string } }).data;
    return { work: { do: 'committed', job, slice } };
  }
  const own = message as OwnMessage;
  if (own.schemaVersion === 1 && 'due' in own) return { work: { do: 'due', ...own.due } };
  if (own.schemaVersion === 1 && 'after' in own) return { work: { do: 'after', ...own.after } };
  throw unknown();
}

/** An object's key is in an event of EventBridge as it is, and not encoded as in other notices of S3. */
function noticeOf(message: Record<string, unknown>): Notice {
  const { key, size, sequencer } = (message.detail as { object: Record<string, unknown> }).object;
  if (typeof key !== 'string') throw unknown();
  return { key, bytes: Number(size ?? 0), sequence: sequence(String(sequencer ?? '')) };
}

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw unknown();
  }
}

const unknown = (): ForebayError =>
  new ForebayError(
    'MessageInvalid',
    'the message is neither an event of S3 or Forebay nor one of this version: see it by `forebay dlq show`',
  );
