/** The part of the ledger's port that is about what asks for runs. Its adapter is `ledger/triggers.ts`. */
import type { Pause, TriggerRecord } from '../core/ledger.ts';

export interface TriggerVerbs {
  /** Counts a batch of notices of the slice's files, and gives the count. */
  countArrival(job: string, slice: string): Promise<number>;
  /** Notes that the quiet time behind a count is over. `null`: further files were counted since. */
  setDue(job: string, slice: string, count: number): Promise<TriggerRecord | null>;
  /** Notes that the run of a count was started; an earlier count changes nothing. */
  setStarted(job: string, slice: string, count: number): Promise<void>;
  /** Notes which run the commits of other jobs ask for; `null`: that there are some, and not all. */
  setAfter(job: string, slice: string, runId: string | null): Promise<TriggerRecord>;
  setAfterStarted(job: string, slice: string, runId: string): Promise<void>;
  listTriggers(job: string): Promise<TriggerRecord[]>;
  /** What the newest notice of a key said that was taken (`sequence` of core/arrival.ts); `null`: none was, or it is long ago. */
  getArrived(job: string, slice: string, key: string): Promise<string | null>;
  /** The same for an older one changes nothing. `expiresAt`: seconds since 1970, behind which it is forgotten. */
  setArrived(job: string, slice: string, key: string, sequence: string, expiresAt: number): Promise<void>;
  getPause(job: string): Promise<Pause | null>;
  putPause(job: string, pause: Pause): Promise<void>;
  /** Gives the pause that there was. */
  removePause(job: string): Promise<Pause | null>;
}
