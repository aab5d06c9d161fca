import { expect, test } from 'vitest';
import { dueAt, missingSlices } from '../../../core/freshness.ts';
import type { SliceRecord } from '../../../core/ledger.ts';
import { parseSlice } from '../../../core/slice.ts';

const hour = 3_600;
const daily = {
  ...{ name: 'orders', cadence: 'daily' as const, timezone: 'Europe/Amsterdam' },
  ...{ lagSeconds: hour, freshnessSeconds: 6 * hour },
};

const record = (slice: string, more: Partial<SliceRecord> = {}): SliceRecord => ({
  ...{ job: 'orders', slice, holder: null, fence: 1, mark: null, committed: null },
  ...more,
});
const committed = (slice: string): SliceRecord =>
  record(slice, {
    last: { runId: slice, status: 'COMPLETED' },
    committed: { runId: slice, revision: 1, loaded: { digest: '', count: 1 }, committedAt: '' },
  });

test('a slice is late when lag and freshness have passed since its end, and not a moment sooner', () => {
  // 2 March ends at 23:00 UTC: seven hours later it is 06:00.
  const known = [committed('2026-03-01')];
  expect(dueAt(daily, parseSlice(daily, '2026-03-02'))).toBe('2026-03-03T06:00:00Z');
  expect(missingSlices(daily, known, '2026-03-03T05:59:59Z')).toEqual([]);
  expect(missingSlices(daily, known, '2026-03-03T06:00:00Z')).toEqual([
    { slice: '2026-03-02', state: 'never-run', dueAt: '2026-03-03T06:00:00Z' },
  ]);
});

test('all gaps are told, with what is known of them, from the first slice that there is', () => {
  const known = [
    committed('2026-03-01'),
    record('2026-03-02', { last: { runId: 'r2', status: 'FAILED' } }),
    committed('2026-03-04'),
    record('2026-03-05', { holder: { runId: 'r5', executionArn: '' } }),
    record('2026-03-06', { forgotten: { at: '2026-03-08T00:00:00Z', revision: 1 } }),
  ];
  const missing = missingSlices(daily, known, '2026-03-08T12:00:00Z');
  expect(missing.map(({ slice, state }) => `${slice} ${state}`)).toEqual([
    '2026-03-02 failed',
    '2026-03-03 never-run',
    '2026-03-05 running',
    '2026-03-07 never-run',
  ]);
});

test('a job that expects no slices, or has none yet, misses none', () => {
  const now = '2026-03-08T12:00:00Z';
  expect(missingSlices({ ...daily, freshnessSeconds: null }, [committed('2026-03-01')], now)).toEqual([]);
  expect(missingSlices({ ...daily, cadence: 'once' }, [committed('once')], now)).toEqual([]);
  expect(missingSlices(daily, [], now)).toEqual([]);
});
