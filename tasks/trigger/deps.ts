import * as clients from '../../aws/clients.ts';
import { executions } from '../../aws/sfn.ts';
import { queue } from '../../aws/sqs.ts';
import { markerKey, slicePrefix } from '../../core/listing.ts';
import { ledgerOf, now, store } from '../ports.ts';
import type { environment, Triggers } from './contract.ts';
import type { TriggerDeps } from './trigger.ts';

export function triggerDeps(env: Record<(typeof environment)[number], string>): TriggerDeps {
  const triggers = JSON.parse(env.TRIGGERS) as Triggers;
  const objects = store();
  return {
    ...ledgerOf(env),
    triggers,
    now,
    send: (message, delaySeconds) =>
      queue(clients.sqs()).send(env.TRIGGERS_QUEUE_URL, JSON.stringify(message), delaySeconds),
    start: async (runId, request) => {
      await executions(clients.sfn()).start(env.STATE_MACHINE_ARN, runId, request);
    },
    // By listing, which tells that it is there without the right to read what lies beside it.
    hasMarker: async (slice) => {
      const key = markerKey(slicePrefix(triggers.job, slice), triggers.arrival?.marker ?? '');
      const listed = await objects.list(env.SOURCE_BUCKET, key);
      return listed.some((object) => object.key === key);
    },
  };
}
