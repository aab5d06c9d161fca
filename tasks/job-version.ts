import { createHash } from 'node:crypto';
import { ForebayError } from '../core/errors.ts';
import type { Job } from '../core/job/model.ts';
import { jobVersionKey } from '../core/storage.ts';

/** Versions that this warm function has read: they are immutable. */
const known = new Map<string, Job>();

/** The job version that a run is pinned to. `read` gives the bytes of a key in the ops bucket. */
export async function readJobVersion(
  read: (key: string) => Promise<Uint8Array>,
  run: { job: string; jobVersion: string },
): Promise<Job> {
  const key = jobVersionKey(run.job, run.jobVersion);
  const warm = known.get(key);
  if (warm !== undefined) return warm;
  const bytes = await read(key);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== run.jobVersion) {
    throw new ForebayError(
      'ChecksumMismatch',
      `${key} has sha256 ${digest}: deploy the job again to restore it`,
    );
  }
  const job = JSON.parse(Buffer.from(bytes).toString('utf8')) as Job;
  known.set(key, job);
  return job;
}
