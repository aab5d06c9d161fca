import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** Its slices bring columns, and values that need a wider type. */
export default defineJob({
  name: 'sizes',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: {
    columns: { id: 'bigint', qty: 'int' },
    onNewColumn: 'evolve',
    onRetypedColumn: 'evolve',
  },
  envelope: { eventType: 'SizeTold', resource: '/sizes' },
  sinks: [lake()],
});
