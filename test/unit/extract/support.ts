import type { Job } from '../../../core/job/model.ts';
import type { RunRef } from '../../../core/run.ts';
import type { ScannedObject, SourceObject } from '../../../core/shard.ts';
import { columnDefaults, triggerDefaults } from '../../support/world.ts';
import { plain } from '../formats/support.ts';

export const run: RunRef = {
  job: 'orders',
  jobVersion: 'a'.repeat(64),
  runId: 'run-1',
  slice: '2026-03-01',
  fence: 1,
  revision: 1,
  trigger: 'manual',
  force: false,
  time: '2026-03-02T00:00:00.000Z',
};

export const job = (changes: Partial<Job> = {}): Job => ({
  name: 'orders',
  owner: 'sales',
  cadence: 'daily',
  timezone: 'UTC',
  lagSeconds: 0,
  source: { kind: 'inbox' },
  format: plain,
  contract: {
    columns: [],
    ...{ filter: null, key: [], onRepeatedKey: 'allow', onBadRecord: 'quarantine', maxRejects: null },
    ...columnDefaults,
  },
  envelope: {
    eventType: 'OrderPlaced',
    resource: '/orders',
    version: null,
    jurisdiction: null,
    dataSensitivity: null,
    tags: null,
  },
  privacy: {},
  sinks: [{ kind: 'lake', major: 1 }],
  ...triggerDefaults,
  ...changes,
});

export const object = (changes: Partial<SourceObject> = {}): SourceObject => ({
  n: 0,
  bucket: 'inbox',
  key: 'orders/2026-03-01/a.csv',
  versionId: null,
  etag: 'e1',
  bytes: 0,
  name: 'a.csv',
  ...changes,
});

/** An object of `ranges` of the given numbers of records, ten bytes a record, behind a header of ten bytes. */
export function scanned(n: number, ranges: number[]): ScannedObject {
  let offset = 10;
  return {
    object: object({ n, key: `k${n}` }),
    raw: { bucket: 'raw', key: `raw/k${n}`, versionId: `v${n}`, bytes: 1_000, sha256: `${n}`.repeat(64) },
    unpacked: null,
    scan: {
      records: ranges.reduce((sum, records) => sum + records, 0),
      header: { offset: 0, length: 9 },
      ranges: ranges.map((records) => {
        const range = { offset, length: records * 10, records };
        offset += range.length;
        return range;
      }),
    },
  };
}

/** Times that are a second apart. */
export function clock(): () => Date {
  let seconds = 0;
  return () => new Date(Date.UTC(2026, 2, 2, 0, 0, seconds++));
}
