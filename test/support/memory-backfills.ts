/** The ledger's verbs of backfills, in memory. */
import type { BackfillLedger } from '../../aws/backfill-ledger.ts';
import type { BackfillRecord, BackfillSliceRecord } from '../../core/backfill/model.ts';
import type { OutboxRecord } from '../../core/ledger.ts';

export interface BackfillState {
  backfills: Map<string, BackfillRecord>;
  backfillSlices: Map<string, BackfillSliceRecord>;
}

const key = (...parts: Array<string | number>): string => JSON.stringify(parts);
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export function memoryBackfills(
  { backfills, backfillSlices }: BackfillState,
  putOutbox: (records: OutboxRecord[]) => void,
): BackfillLedger {
  const running = (job: string, id: string): BackfillRecord | null => {
    const found = backfills.get(key(job, id));
    return found?.status === 'RUNNING' ? found : null;
  };
  return {
    openBackfill: async (record) => {
      const at = key(record.job, record.id);
      if (!backfills.has(at)) backfills.set(at, copy(record));
      return copy(backfills.get(at) ?? record);
    },
    getBackfill: async (job, id) => copy(backfills.get(key(job, id)) ?? null),
    cancelBackfill: async (job, id, at) => {
      const record = running(job, id);
      if (record === null) return false;
      record.cancelledAt ??= at;
      return true;
    },
    closeBackfill: async ({ job, id }, { outbox, ...ending }) => {
      const record = running(job, id);
      if (record === null) return false;
      Object.assign(record, copy(ending));
      putOutbox(outbox);
      return true;
    },
    listBackfills: async ({ job, status, limit }) =>
      copy(
        [...backfills.values()]
          .filter((record) => job === undefined || record.job === job)
          .filter((record) => status === undefined || record.status === status)
          .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
          .slice(0, limit ?? Number.POSITIVE_INFINITY),
      ),
    putBackfillSlice: async (id, record) => {
      const before = backfillSlices.get(key(id, record.n));
      const late = record.state === 'running' ? record.attempt - 1 : record.attempt;
      if (before === undefined || before.attempt <= late) backfillSlices.set(key(id, record.n), copy(record));
    },
    listBackfillSlices: async (id) =>
      copy(
        [...backfillSlices]
          .filter(([at]) => at.startsWith(`${key(id).slice(0, -1)},`))
          .map(([, record]) => record)
          .sort((a, b) => a.n - b.n),
      ),
  };
}
