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
      encrypted: { type: 'string', from: 'hashed' },
      token: { type: 'string', from: 'hashed' },
      shared: { type: 'string', from: 'hashed' },
      truncated: { type: 'string', from: 'hashed' },
      generalised: { type: 'decimal(10,2)', from: 'amount' },
      derived: { type: 'int', from: 'unicode(code) * CAST(factor AS INTEGER)' },
    },
    filter: "status <> 'skip'",
    key: ['id', 'hashed'],
    onBadRecord: 'quarantine',
    maxRejects: { count: 8 },
  },
  envelope: { eventType: 'Marked', resource: '/marked' },
  privacy: {
    hashed: 'hash',
    masked: 'mask',
    dropped: 'drop',
    encrypted: 'encrypt',
    token: 'tokenise',
    shared: { rule: 'tokenise', scope: 'shared' },
    truncated: { rule: 'truncate', to: 3 },
    generalised: { rule: 'generalise', to: 1 },
  },
  sinks: [lake()],
});
