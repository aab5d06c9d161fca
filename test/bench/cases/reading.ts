/** Envelope's reading by itself: columns of texts, and nothing done with them. */
import { recordFormat } from '../../../core/formats/format.ts';
import { fileOf, jobFrom, report } from '../case.ts';

const [file = '', jobFile = ''] = process.argv.slice(2);
const version = jobFrom(jobFile);
const format = recordFormat(version.job.format);

await report(async () => {
  const { bytes, from } = fileOf(file, version);
  const fields = format.fields(from === 0 ? null : bytes.subarray(0, from));
  const shard = bytes.subarray(from);
  const names = fields ?? version.job.contract.columns.map(({ name, from }) => from ?? name);
  const wanted = { fields, names, marks: format.marks(shard) };
  const { records } = await format.read(shard, wanted, () => undefined);
  return `${records} records`;
});
