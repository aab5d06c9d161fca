/** What a run is, everywhere that it is passed on: in state, in messages and in the ledger. */

/**
 * Who asked for a run: the schedule, a person, the mark that a trigger left on a held slice, files that arrived, a
 * job that this one comes after, a backfill, or the redrive of a failure.
 */
export const triggers = ['schedule', 'manual', 'mark', 'arrival', 'after', 'backfill', 'redrive'] as const;
export type Trigger = (typeof triggers)[number];

/**
 * RUNNING → COMMITTING → COMPLETED | PARTIAL (rejects within the limit); RUNNING → FAILED; RUNNING → SKIPPED
 * (nothing new for the slice). The last four are final.
 */
export type RunStatus = 'RUNNING' | 'COMMITTING' | 'COMPLETED' | 'PARTIAL' | 'FAILED' | 'SKIPPED';

/** The run as it travels through the states: a few hundred bytes, never rows. */
export interface RunRef {
  job: string;
  /** sha256 (hex) of the job's canonical JSON; the run uses this version to its end. */
  jobVersion: string;
  runId: string;
  /** The slice's name, e.g. `2026-03-01`, `2026-03-01T05`, `2026-03` or `once`. */
  slice: string;
  /** Grows by one with each run that takes the slice's lease. */
  fence: number;
  /** 1 for the slice's first commit; what this run will be if it commits. */
  revision: number;
  trigger: Trigger;
  force: boolean;
  /** The slice is made anew from what its committed run has in the raw zone; not there: from the source. */
  from?: 'raw';
  /** The failed run of the same slice and job version whose finished work this one takes over. */
  resumes?: string;
  /** The source is listed again all the same; what it lists unchanged is taken over. */
  relist?: true;
  /** ISO 8601, UTC, milliseconds: the run's fixed time, from which all times in the envelope come. */
  time: string;
}

/** Records of a slice. `read` = written + rejected + filtered, or the run is not published. */
export interface Counts {
  read: number;
  written: number;
  rejected: number;
  filtered: number;
  /** Records whose key an earlier record of the slice has too, whatever the contract lets become of them. */
  repeatedKeys: number;
}

/** A reference to an object: state and messages carry these, never contents. */
export interface ObjectRef {
  bucket: string;
  key: string;
}
