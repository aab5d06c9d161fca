import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** One text of twenty bytes a record, which is its key: with shards of as many bytes, record n is shard n. */
export default defineJob({
  name: 'people',
  owner: 'tests',
  cadence: 'daily',
  timezone: 'UTC',
  source: inbox(),
  format: csv({ header: true }),
  contract: {
    columns: { name: 'string', n: 'int' },
    filter: 'n >= 0',
    key: ['name'],
    onBadRecord: 'quarantine',
    maxRejects: { ratio: 0.5 },
  },
  envelope: { eventType: 'PersonSeen', resource: '/people' },
  sinks: [lake()],
});
