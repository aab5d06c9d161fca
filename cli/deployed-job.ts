import type { Job } from '../core/job/model.ts';
import type { Cloud, JobOutputs } from './cloud.ts';
import { Problem } from './problem.ts';

/** The job as its stack has it: the version that the next run is pinned to. */
export async function deployedJob(
  store: Pick<Cloud['store'], 'get'>,
  name: string,
  { JobDocument: place = '' }: JobOutputs,
): Promise<Job> {
  const slash = place.indexOf('/');
  if (slash === -1)
    throw new Problem(`the stack of job ${name} does not say its job version: deploy it again`);
  const body = await store.get({ bucket: place.slice(0, slash), key: place.slice(slash + 1) });
  return JSON.parse(body.toString('utf8')) as Job;
}
