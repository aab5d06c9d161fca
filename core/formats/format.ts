import type { Format } from '../job/model.ts';
import { csvFormat } from './csv/csv.ts';
import type { RecordFormat } from './interfaces.ts';

export function recordFormat(format: Format): RecordFormat {
  return csvFormat(format);
}
