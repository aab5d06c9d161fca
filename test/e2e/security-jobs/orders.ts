import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'orders',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: {
    columns: { order_id: 'bigint', email: 'string' },
    key: ['order_id'],
    onRepeatedKey: 'reject',
    onRetypedColumn: 'evolve',
    maxRejects: { ratio: 0.5 },
  },
  envelope: { eventType: 'OrderPlaced', resource: '/orders' },
  privacy: { email: 'hash' },
  sinks: [lake()],
  // So long that nothing but a probe comes out of its queue.
  arrival: { quiet: '15m', marker: '_SUCCESS' },
});
