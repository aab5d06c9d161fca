import { csv, defineJob, lake, s3Source } from 'forebay/core/job';

/** From a bucket that exists already; every third thing of the CSV dialect that is not the default. */
export default defineJob({
  name: 'partner',
  owner: 'tests',
  cadence: 'daily',
  source: s3Source({ bucket: 'partner-files', prefix: 'exports/{slice}/' }),
  format: csv({ delimiter: ';', quote: "'", comment: '#', nulls: ['', 'NULL'] }),
  contract: {
    columns: { code: 'string', amount: { type: 'decimal(38,10)', from: '"Amount EUR"' }, due: 'date?' },
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'PartnerTold', resource: '/partner' },
  sinks: [lake()],
});
