import type { Format } from '../job/model.ts';
import { csvFormat } from './csv/csv.ts';
import type { RecordFormat } from './interfaces.ts';

/** A longer record refuses the file, whatever its format. */
export const maxRecordBytes = 16 * 1_024 * 1_024;

export function recordFormat(format: Format): RecordFormat {
  return csvFormat(format);
}
