import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'tweets',
  owner: 'tests',
  cadence: 'once',
  source: inbox(),
  format: csv({ header: true, required: true }),
  contract: {
    columns: {
      created_at: 'timestamp',
      emojis: 'boolean',
      id: 'bigint',
      link: 'string',
      retweeted: 'boolean',
      screen_name: 'string',
      text: 'string',
    },
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'Tweeted', resource: '/tweets', tags: ['social'] },
  sinks: [lake()],
});
