import type { BackfillRequest } from '../../../core/backfill/model.ts';
import type { SliceRecord } from '../../../core/ledger.ts';

export const daily = { name: 'orders', cadence: 'daily', timezone: 'Europe/Amsterdam' } as const;
export const hourly = { ...daily, cadence: 'hourly' } as const;
export const monthly = { ...daily, cadence: 'monthly' } as const;

/** On the second of March at noon, in Amsterdam at one. */
export const now = '2026-03-02T12:00:00Z';

export const request = (changes: Partial<BackfillRequest> = {}): BackfillRequest => ({
  ...{ from: '2026-02-26', to: '2026-03-01', reprocess: 'none', fromRaw: false, lanes: 1, order: 'oldest' },
  ...changes,
});

const slice = (name: string, changes: Partial<SliceRecord>): SliceRecord => ({
  ...{ job: 'orders', slice: name, holder: null, fence: 1, mark: null, committed: null },
  ...changes,
});

export const committed = (name: string, runId: string, changes: Partial<SliceRecord> = {}): SliceRecord =>
  slice(name, {
    last: { runId, status: 'COMPLETED' },
    committed: {
      ...{ runId, revision: 1, loaded: { digest: 'd'.repeat(64), count: 1 } },
      committedAt: '2026-03-01T00:00:00.000Z',
    },
    ...changes,
  });

export const failed = (name: string, runId: string): SliceRecord =>
  slice(name, { last: { runId, status: 'FAILED' } });

export const held = (name: string, runId: string): SliceRecord =>
  slice(name, { holder: { runId, executionArn: `arn:${runId}` } });

export const forgotten = (name: string): SliceRecord =>
  slice(name, { forgotten: { at: '2026-02-28T00:00:00.000Z', revision: 3 } });
