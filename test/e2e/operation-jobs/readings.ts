import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'readings',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: { columns: { id: 'bigint', value: 'string' } },
  envelope: { eventType: 'ReadingTaken', resource: '/readings' },
  sinks: [lake()],
});
