import { csv, defineJob, inbox, lake } from 'forebay/core/job';

export default defineJob({
  name: 'invoices',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: {
    columns: { invoice_id: 'bigint', email: 'string' },
    key: ['invoice_id'],
    onRetypedColumn: 'evolve',
    maxRejects: { ratio: 0.5 },
  },
  envelope: { eventType: 'InvoiceSent', resource: '/invoices' },
  privacy: { email: 'hash' },
  sinks: [lake()],
  // So long that nothing but a probe comes out of its queue.
  arrival: { quiet: '15m', marker: '_SUCCESS' },
});
