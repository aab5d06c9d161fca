import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** Its days begin an hour before those of the job that it comes after: each takes two of them. */
export default defineJob({
  name: 'following',
  owner: 'tests',
  cadence: 'daily',
  timezone: 'Europe/Amsterdam',
  source: inbox(),
  format: csv(),
  contract: { columns: { id: 'bigint' } },
  envelope: { eventType: 'Followed', resource: '/following' },
  sinks: [lake()],
  after: ['arriving'],
});
