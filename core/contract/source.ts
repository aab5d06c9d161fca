/** The fields of a source whose records have all the same, against those that a contract reads. */
import { ForebayError } from '../errors.ts';
import { type NameKey, nameKey, shownField, unreadPositions } from '../formats/names.ts';
import type { Job } from '../job/model.ts';
import { type AnalysedContract, isBrought, namesOf } from './analyse.ts';

type Policies = Pick<Job, 'name' | 'contract'>;

/**
 * Those that are read and missing. `ColumnMissing` where the contract does not do without one of them,
 * `ColumnUnexpected` where it allows no other than those it reads.
 */
export function missingFields(
  job: Policies,
  contract: AnalysedContract,
  fields: readonly string[],
): string[] {
  const key = nameKey(job.contract.names);
  if (job.contract.onNewColumn === 'fail') refuseUnread(job, contract, fields, key);
  const known = new Set(fields.map(key));
  const missing = contract.fields.filter((name) => !known.has(key(name)));
  const needed = missing.filter((name) => !isSpared(job, contract, name));
  if (needed.length === 0) return missing;
  throw new ForebayError(
    'ColumnMissing',
    `the file has no field ${needed.map((name) => `'${name}'`).join(', ')}, which job ${job.name} reads; ` +
      `it has ${fields.length} fields: correct the file, or give the column's source by \`from\``,
  );
}

/** Whether the file is read without a field. A filter needs all of its own: of nothing it would leave out all records. */
function isSpared({ contract: policies }: Policies, contract: AnalysedContract, field: string): boolean {
  if (policies.onMissingColumn === 'discard-record' || isBrought(contract, field)) return true;
  if (contract.filter?.names.includes(field)) return false;
  const columns = contract.columns.filter(({ source }) => namesOf(source).includes(field));
  if (policies.onMissingColumn === 'discard-column') return columns.every(({ column }) => column.nullable);
  if (policies.onMissingColumn !== 'evolve') return false;
  return columns.every(({ column }) => !policies.key.includes(column.name));
}

function refuseUnread(
  { name: job }: Policies,
  contract: AnalysedContract,
  fields: readonly string[],
  key: NameKey,
): void {
  const [at] = unreadPositions(fields, contract.fields, key);
  if (at === undefined) return;
  throw new ForebayError(
    'ColumnUnexpected',
    `nothing in job ${job} reads ${shownField(fields[at] as string, at)} of the file's ${fields.length}, and it says ` +
      "onNewColumn: 'fail': add a column that does, or have such fields passed over: 'discard-column'",
  );
}
