import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** A feed whose files change: columns come and go, and differ in case. */
export default defineJob({
  name: 'changing',
  owner: 'tests',
  cadence: 'daily',
  source: inbox(),
  format: csv(),
  contract: {
    columns: { id: 'bigint', qty: 'int', day: 'date?', twice: { type: 'int', from: 'qty * 2' } },
    onNewColumn: 'discard-record',
    onMissingColumn: 'evolve',
    onRetypedColumn: 'discard-column',
    names: 'ignore-case',
  },
  envelope: { eventType: 'Changed', resource: '/changing' },
  sinks: [lake()],
});
