import { csv, defineJob, inbox, lake } from 'forebay/core/job';

/** Readings of sensors, of which a slice should have one each. */
export const sensors = (onRepeatedKey: 'reject' | 'keep-last') =>
  defineJob({
    name: `sensors-${onRepeatedKey}`,
    owner: 'tests',
    cadence: 'daily',
    source: inbox(),
    format: csv(),
    contract: {
      columns: { sensor: 'int', reading: 'bigint' },
      filter: 'reading >= 0',
      key: ['sensor'],
      onRepeatedKey,
    },
    envelope: { eventType: 'SensorRead', resource: '/sensors' },
    sinks: [lake()],
  });
