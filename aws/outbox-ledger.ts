/** The part of the ledger's port that knows of what has to be sent. */
import type { OutboxRecord } from '../core/ledger.ts';

export interface OutboxLedger {
  pendingOutbox(run?: { job: string; runId: string }): Promise<OutboxRecord[]>;
  /** Events that were sent, by the time that they were put in the outbox: `[from, to)`, ISO 8601; oldest first. */
  listSent(between: { from: string; to: string }): Promise<OutboxRecord[]>;
  markSent(record: OutboxRecord): Promise<void>;
}
