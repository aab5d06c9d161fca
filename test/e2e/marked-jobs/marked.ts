import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** A column of each kind of protection, and a way to break for each check. */
export default defineJob({
  name: 'marked',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: {
    columns: {
      id: 'bigint',
      plain: 'string',
      hashed: 'string',
      masked: 'string?',
      dropped: 'string?',
      amount: 'decimal(10,2)',
      derived: { type: 'int', from: 'unicode(code) * CAST(factor AS INTEGER)' },
    },
    filter: "status <> 'skip'",
    key: ['id', 'hashed'],
    onBadRecord: 'quarantine',
    maxRejects: { count: 8 },
  },
  envelope: { eventType: 'Marked', resource: '/marked' },
  privacy: { hashed: 'hash', masked: 'mask', dropped: 'drop' },
  sinks: [lake()],
});
