import type { Format } from '../job/model.ts';
import type { Detected } from '../shard.ts';
import { csvFormat } from './csv/csv.ts';
import type { RecordFormat } from './interfaces.ts';
import { jsonFormat } from './json/json.ts';
import { ndjsonFormat } from './json/ndjson.ts';

/** A longer record refuses the file, whatever its format. */
export const maxRecordBytes = 16 * 1_024 * 1_024;

/** `detected`: what the scan found out of the file that is read (a scan or a shard has it). */
export function recordFormat(format: Format, detected: Detected = {}): RecordFormat {
  if (format.kind === 'csv') return csvFormat(format, detected);
  return format.kind === 'ndjson' ? ndjsonFormat(format) : jsonFormat(format);
}
