import { defineJob, inbox, json, lake } from 'forebay/core/job';

export default defineJob({
  name: 'cities',
  owner: 'tests',
  cadence: 'once',
  source: inbox(),
  format: json({ path: '$', required: true }),
  contract: {
    columns: {
      id: 'bigint',
      name: 'string',
      state_id: 'int',
      level: 'string?',
      latitude: 'decimal(10,8)',
      longitude: 'decimal(11,8)',
      native: 'string?',
      population: 'bigint?',
      translations: 'map(string, string)',
      german: { type: 'string?', from: '/translations/de' },
      created_at: 'timestamp',
      wikidata: { type: 'string?', from: '"wikiDataId"' },
    },
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'CityListed', resource: '/cities' },
  sinks: [lake()],
});
