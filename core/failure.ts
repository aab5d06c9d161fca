/** Ids of failure records: readable, the same for each repeat of the same failure, and the job in front. */
import { createHash } from 'node:crypto';

export const runFailureId = (job: string, runId: string): string => `${job}/${runId}`;

export const writeFailureId = (job: string, runId: string, sink: string, shard: number): string =>
  `${job}/${runId}/${sink}/${shard}`;

/** Whose partition has the record. A delivery's id is its message's, and no job is called so: names have no `_`. */
export const jobOfFailure = (id: string): string =>
  id.includes('/') ? id.slice(0, id.indexOf('/')) : '_deliveries';

/** Execution name of a failure's redrive of that number: whoever starts it again starts nothing. */
export const redriveRunId = (failure: string, redrive: number): string =>
  `d-${createHash('sha256')
    .update(JSON.stringify([failure, redrive]))
    .digest('hex')
    .slice(0, 32)}`;

/** Execution name of a start that was not delivered, by its message's id. */
export const redeliveredRunId = (message: string): string =>
  `x-${createHash('sha256').update(message).digest('hex').slice(0, 32)}`;
