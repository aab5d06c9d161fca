import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'orders',
  owner: 'sales',
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
    maxRejects: { ratio: 0.01 },
  },
  envelope: {
    eventType: 'OrderPlaced',
    resource: '/orders',
    jurisdiction: 'eu',
    dataSensitivity: 'confidential',
    tags: ['sales'],
  },
  privacy: { email: 'hash', note: 'mask' },
  sinks: [lake()],
  schedule: 'cron(15 2 * * ? *)',
});
