import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'congress-terms',
  owner: 'tests',
  cadence: 'once',
  source: inbox(),
  format: csv({ header: true, required: true }),
  contract: {
    columns: {
      congress: 'int',
      chamber: 'string',
      bioguide: 'string',
      firstname: 'string',
      middlename: 'string?',
      lastname: 'string',
      suffix: 'string?',
      birthday: 'date',
      state: 'string',
      party: 'string',
      incumbent: 'string',
      termstart: 'date',
      age: 'decimal(4,1)',
    },
    onBadRecord: 'quarantine',
    maxRejects: { count: 0 },
  },
  envelope: { eventType: 'TermServed', resource: '/congress/terms' },
  sinks: [lake()],
});
