/** Envelope's reading by itself: csv-parse with the grammar's options, columns of texts, and nothing done with them. */
import { recordFormat } from '../../../core/formats/format.ts';
import { fileOf, jobFrom, report } from '../case.ts';

const [file = '', jobFile = ''] = process.argv.slice(2);
const version = jobFrom(jobFile);
const format = recordFormat(version.job.format);

await report(async () => {
  const { bytes, from } = fileOf(file, version);
  const fields = format.fields(from === 0 ? null : bytes.subarray(0, from));
  const { records } = await format.read(bytes.subarray(from), fields, () => undefined);
  return `${records} records`;
});
