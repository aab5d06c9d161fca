import { defineJob, inbox, lake, xml } from 'forebay/core/job';

/** SDMX-ML 2.1, generic data: a series keeps its key above its observations, and all values in attributes. */
export default defineJob({
  name: 'production-index',
  owner: 'tests',
  cadence: 'once',
  source: inbox(),
  format: xml({ record: 'DataSet/Series/Obs', required: true }),
  contract: {
    columns: {
      period: { type: 'string', from: './ObsDimension/@value' },
      value: { type: 'decimal(12,2)', from: './ObsValue/@value' },
      status: { type: 'string?', from: "./Attributes/Value[@id='OBS_STATUS']/@value" },
      freq: { type: 'string', from: "../SeriesKey/Value[@id='FREQ']/@value" },
      product: { type: 'string', from: "../SeriesKey/Value[@id='PRODUIT']/@value" },
      idbank: { type: 'string', from: "../Attributes/Value[@id='IDBANK']/@value" },
      title: { type: 'string', from: "../Attributes/Value[@id='TITLE']/@value" },
      structure: { type: 'string', from: '../../@structureRef' },
      message: { type: 'string', from: '../../../Header/ID' },
    },
    onBadRecord: 'fail',
  },
  envelope: { eventType: 'IndexObserved', resource: '/production-index' },
  sinks: [lake()],
});
