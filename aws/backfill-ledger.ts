/** The part of the ledger's port that knows of backfills. */
import type { BackfillRecord, BackfillSliceRecord, BackfillStatus } from '../core/backfill/model.ts';
import type { Ending } from '../core/backfill/progress.ts';
import type { OutboxRecord } from '../core/ledger.ts';

export interface BackfillLedger {
  /** Puts the record unless one of its id is there, and gives the one that is there then. */
  openBackfill(record: BackfillRecord): Promise<BackfillRecord>;
  getBackfill(job: string, id: string): Promise<BackfillRecord | null>;
  /** Asks that no further slice be begun. `false`: it is not RUNNING. */
  cancelBackfill(job: string, id: string, at: string): Promise<boolean>;
  /** RUNNING → how it ended, with the outbox's events, in one transaction. `false`: it was closed before. */
  closeBackfill(
    id: { job: string; id: string },
    close: Ending & { endedAt: string; outbox: OutboxRecord[] },
  ): Promise<boolean>;
  /** Newest first. */
  listBackfills(filter: { job?: string; status?: BackfillStatus; limit?: number }): Promise<BackfillRecord[]>;
  /** What comes late changes nothing: a try that is over stays as it ended, an earlier one does not come back. */
  putBackfillSlice(id: string, record: BackfillSliceRecord): Promise<void>;
  /** Sorted by `n`; complete whatever the page size. */
  listBackfillSlices(id: string): Promise<BackfillSliceRecord[]>;
}
