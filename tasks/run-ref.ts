import type { RunRecord } from '../core/ledger.ts';
import type { RunRef } from '../core/run.ts';

/** The part of a run's record that travels through the states. */
export const runRef = ({
  job,
  jobVersion,
  runId,
  slice,
  fence,
  revision,
  trigger,
  force,
  from,
  resumes,
  relist,
  time,
}: RunRecord): RunRef => ({
  ...{ job, jobVersion, runId, slice, fence, revision, trigger, force },
  ...(from === undefined ? {} : { from }),
  ...(resumes === undefined ? {} : { resumes }),
  ...(relist === undefined ? {} : { relist }),
  time,
});
