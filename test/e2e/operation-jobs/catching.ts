import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'catching',
  owner: 'tests',
  cadence: 'monthly',
  source: inbox(),
  format: csv(),
  contract: { columns: { id: 'bigint' } },
  envelope: { eventType: 'Caught', resource: '/catching' },
  sinks: [lake()],
  freshness: '1m',
  catchUp: true,
});
