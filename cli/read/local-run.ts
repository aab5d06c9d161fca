/** What a run and a job are where there is neither. */
import type { Format, Job, JobVersion } from '../../core/job/model.ts';
import { toJob } from '../../core/job/rules.ts';
import { jobSpec } from '../../core/job/spec.ts';
import { versionOf } from '../../core/job/version.ts';
import type { RunRef } from '../../core/run.ts';

export const localRun = ({ job, version }: JobVersion, slice: string, time: string): RunRef => ({
  ...{ job: job.name, jobVersion: version, runId: 'local', slice, time },
  ...{ fence: 0, revision: 0, trigger: 'manual', force: false },
});

/** A job of a format alone: its contract asks for no column. */
export function formatJob(format: Format): JobVersion {
  const spec = jobSpec.parse({
    ...{
      name: 'read',
      owner: 'nobody',
      cadence: 'once',
      source: { kind: 'inbox' },
      sinks: [{ kind: 'lake' }],
    },
    ...{ format: { kind: 'csv' }, contract: { columns: { none: 'string?' } } },
    envelope: { eventType: 'RecordRead', resource: '/' },
  });
  const job: Job = toJob(spec);
  return versionOf({ ...job, format, contract: { ...job.contract, columns: [] } });
}
