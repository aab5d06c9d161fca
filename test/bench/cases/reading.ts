/** Envelope's reading by itself: columns of texts, and nothing done with them. */
import { isPath } from '../../../core/contract/paths.ts';
import { jobFrom, report, shardOf } from '../case.ts';

const [file = '', jobFile = ''] = process.argv.slice(2);
const version = jobFrom(jobFile);
const { format, header, bytes } = shardOf(file, version);

await report(async () => {
  const fields = format.fields(header);
  const read = version.job.contract.columns.flatMap(({ name, from }) =>
    from === null ? [name] : isPath(from) ? [from] : [],
  );
  const wanted = { fields, names: fields ?? read, marks: format.marks(bytes) };
  const { records } = await format.read(bytes, wanted, () => undefined);
  return `${records} records`;
});
