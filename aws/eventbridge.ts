import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { ForebayError } from '../core/errors.ts';
import { eventSource } from '../core/events.ts';
import { translate } from './errors.ts';
import type { Bus } from './interfaces.ts';

/** PutEvents takes this many entries in a call. */
const entriesPerCall = 10;
const attempts = 5;

export function bus(client: EventBridgeClient, name: string): Bus {
  return {
    publish: async (events) => {
      const entries = events.map(
        ({ detailType, detail, time }): PutEventsRequestEntry => ({
          EventBusName: name,
          Source: eventSource,
          DetailType: detailType,
          Detail: detail,
          Time: new Date(time),
        }),
      );
      for (let from = 0; from < entries.length; from += entriesPerCall) {
        await put(client, entries.slice(from, from + entriesPerCall));
      }
    },
  };
}

/** A call may fail in part: only the entries that failed are sent again. */
async function put(client: EventBridgeClient, entries: PutEventsRequestEntry[]): Promise<void> {
  let left = entries;
  let code = '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await sleep(Math.random() * 100 * 2 ** attempt);
    const answer = await client.send(new PutEventsCommand({ Entries: left })).catch(translate);
    const outcomes = answer.Entries ?? [];
    code = outcomes.find(({ ErrorCode }) => ErrorCode !== undefined)?.ErrorCode ?? '';
    left = left.filter((_, i) => outcomes[i]?.ErrorCode !== undefined);
    if (left.length === 0) return;
  }
  throw new ForebayError(
    'ServiceUnavailable',
    `${left.length} of ${entries.length} events were not taken (${code})`,
  );
}
