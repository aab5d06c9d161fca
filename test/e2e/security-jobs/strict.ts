import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** One bad record fails its run. */
export default defineJob({
  name: 'strict',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: {
    columns: { id: 'bigint', plain: 'string', hashed: 'string' },
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'Marked', resource: '/strict' },
  privacy: { hashed: 'hash' },
  sinks: [lake()],
});
