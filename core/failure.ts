/** Ids of failure records: readable, the same for each repeat of the same failure, and the job in front. */

export const runFailureId = (job: string, runId: string): string => `${job}/${runId}`;

export const writeFailureId = (job: string, runId: string, sink: string, shard: number): string =>
  `${job}/${runId}/${sink}/${shard}`;

export const jobOfFailure = (id: string): string => id.slice(0, id.indexOf('/'));
