/** The part of the ledger's port that knows of slices whose data is erased on purpose. */
import type { ForgottenRecord, OutboxRecord, RunRecord, SliceRecord } from '../core/ledger.ts';

export interface ForgottenLedger {
  /** Every run that had the slice, by its fence; complete, however young the last one is. */
  runsOfSlice(job: string, slice: string): Promise<RunRecord[]>;
  /**
   * The slice's committed run is none any more, and the fence goes up to the record's (condition: nobody holds the
   * slice, and its fence is the one that was seen), with record and outbox, in one transaction. `false`: somebody
   * was there; read again.
   */
  forget(seen: SliceRecord, record: ForgottenRecord, outbox: OutboxRecord[]): Promise<boolean>;
  /** All of it is erased. */
  completeForgotten(record: ForgottenRecord, doneAt: string): Promise<void>;
  /** Oldest first. */
  listForgotten(job: string, slice: string): Promise<ForgottenRecord[]>;
}
