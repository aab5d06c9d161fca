import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** Every kind of outcome in a few rows: written, rejected, filtered, repeated key, hashed and masked. */
export default defineJob({
  name: 'orders',
  owner: 'tests',
  cadence: 'daily',
  timezone: 'Europe/Amsterdam',
  source: inbox(),
  format: csv({ header: true }),
  contract: {
    columns: {
      order_id: 'bigint',
      placed_at: 'timestamp',
      qty: 'int',
      price: 'decimal(10,2)',
      email: 'string',
      note: 'string?',
      total: { type: 'decimal(12,2)', from: 'qty * price' },
    },
    filter: "status <> 'test'",
    key: ['order_id'],
    onBadRecord: 'quarantine',
    maxRejects: { ratio: 0.5 },
  },
  envelope: { eventType: 'OrderPlaced', resource: '/orders', jurisdiction: 'eu', tags: ['sales'] },
  privacy: { email: 'hash', note: 'mask' },
  sinks: [lake()],
  schedule: 'cron(15 2 * * ? *)',
});
