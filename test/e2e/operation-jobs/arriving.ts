import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'arriving',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: { columns: { id: 'bigint' } },
  envelope: { eventType: 'Arrived', resource: '/arriving' },
  sinks: [lake()],
  arrival: { quiet: '2s', marker: '_SUCCESS' },
});
