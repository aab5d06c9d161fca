import type { Contract, Format } from '../job/model.ts';
import type { Detected } from '../shard.ts';
import { csvFormat } from './csv/csv.ts';
import type { RecordFormat } from './interfaces.ts';
import { jsonFormat } from './json/json.ts';
import { ndjsonFormat } from './json/ndjson.ts';
import { xmlFormat } from './xml/xml.ts';

/** A longer record refuses the file, whatever its format. */
export const maxRecordBytes = 16 * 1_024 * 1_024;

/**
 * `detected`: what the scan found out of what is read (a scan, a range of it or a shard has it). `names`: whether those of
 * the source are compared with their case; where they are not, no two fields may differ in it alone.
 */
export function recordFormat(
  format: Format,
  detected: Detected = {},
  names: Contract['names'] = 'exact',
): RecordFormat {
  switch (format.kind) {
    case 'csv':
      return csvFormat(format, detected, names);
    case 'ndjson':
      return ndjsonFormat(format, names);
    case 'json':
      return jsonFormat(format, names);
    case 'xml':
      return xmlFormat(format, detected, names);
  }
}
