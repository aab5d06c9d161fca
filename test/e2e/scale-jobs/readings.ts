import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** Small records with all that a run does per shard: a key, a filter, rejects, a hashed column. */
export default defineJob({
  name: 'readings',
  owner: 'tests',
  cadence: 'daily',
  timezone: 'UTC',
  source: inbox(),
  format: csv({ header: true }),
  contract: {
    columns: { reading: 'bigint', meter: 'string', taken_at: 'timestamp', value: 'decimal(12,3)' },
    filter: 'value >= 0',
    key: ['reading'],
    onBadRecord: 'quarantine',
    maxRejects: { ratio: 0.1 },
  },
  envelope: { eventType: 'MeterRead', resource: '/readings' },
  privacy: { meter: 'hash' },
  sinks: [lake()],
});
