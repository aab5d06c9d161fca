import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'routes',
  owner: 'tests',
  cadence: 'once',
  source: inbox(),
  format: csv({
    header: [
      'airline',
      'airline_id',
      'source_airport',
      'source_airport_id',
      'destination_airport',
      'destination_airport_id',
      'codeshare',
      'stops',
      'equipment',
    ],
    nulls: ['', '\\N'],
    required: true,
  }),
  contract: {
    columns: {
      airline: 'string',
      airline_id: 'int?',
      source_airport: 'string',
      source_airport_id: 'int?',
      destination_airport: 'string',
      destination_airport_id: 'int?',
      codeshare: 'string?',
      stops: 'int',
      equipment: 'string?',
    },
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'RouteListed', resource: '/routes' },
  sinks: [lake()],
});
