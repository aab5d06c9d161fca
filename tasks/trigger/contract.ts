import type { Timed } from '../../core/after.ts';
import type { Receiving } from '../../core/arrival.ts';
import type { Job } from '../../core/job/model.ts';

/** What a job says of its triggers, and of the jobs that it comes after. */
export interface Triggers extends Pick<Job, 'arrival' | 'onRevision'> {
  job: Receiving;
  before: Timed[];
}

/** The task's messages to itself; all else that its queue brings are events. */
export type OwnMessage = { schemaVersion: 1 } & (
  | { due: { slice: string; count: number } }
  | { after: { slice: string } }
);

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'SLICES_TABLE',
  'SOURCE_BUCKET',
  'STATE_MACHINE_ARN',
  'TRIGGERS',
  'TRIGGERS_QUEUE_URL',
] as const;
