import type { Job } from '../core/job/model.ts';
import { versionOf } from '../core/job/version.ts';
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

/** Gives the version of a job as it is deployed, which is read once; no file of it is needed. */
export function deployedVersions(cloud: {
  store: Pick<Cloud['store'], 'get'>;
  jobOutputs: Cloud['jobOutputs'];
}): (name: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  const read = async (name: string): Promise<string> => {
    const outputs = await cloud.jobOutputs(name);
    if (outputs === null)
      throw new Problem(`job ${name} is not deployed: deploy it, or discard what failed of it`);
    return versionOf(await deployedJob(cloud.store, name, outputs)).version;
  };
  return (name) => {
    const version = known.get(name) ?? read(name);
    known.set(name, version);
    return version;
  };
}
