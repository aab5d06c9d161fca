/** The part of the ledger's port that knows of failures. */
import type { FailureClose, FailureRecord, RedriveLock } from '../core/failure.ts';

export interface FailureLedger {
  /** Put, or all but `firstFailedAt` renewed where a failure of this id is there; it is open then. */
  putFailure(record: FailureRecord): Promise<void>;
  /** Those that are open; `all`: the closed ones, too. */
  listFailures(filter?: { job?: string; all?: boolean }): Promise<FailureRecord[]>;
  getFailure(id: string): Promise<FailureRecord | null>;
  /** Closes it, where it is open. `false`: there is none, or it was closed before. */
  closeFailure(id: string, close: FailureClose): Promise<boolean>;
  /** Takes the failure for its next redrive. `null`: it is not as it was seen; read again. */
  lockFailure(seen: FailureRecord, lock: RedriveLock): Promise<FailureRecord | null>;
}
