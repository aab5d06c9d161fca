import { defineJob, inbox, lake, ndjson } from 'forebay/core/job';

export default defineJob({
  name: 'cellphones',
  owner: 'tests',
  cadence: 'once',
  source: inbox(),
  format: ndjson({ header: 'first-line', required: true }),
  contract: {
    columns: {
      asin: 'string',
      brand: 'string?',
      title: 'string',
      rating: 'decimal(3,1)',
      total_reviews: { type: 'int', from: '"totalReviews"' },
      prices: 'string',
    },
    key: ['asin'],
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'PhoneListed', resource: '/cellphones' },
  sinks: [lake({ major: 2 })],
});
