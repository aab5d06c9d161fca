/** Rules across the fields of a job. Shapes are spec.ts's. */
import { isNested, parseType, type Typed } from '../contract/types.ts';
import { nameKey } from '../formats/names.ts';
import { isColumnName, reservedNames } from './column-names.ts';
import { formatRules, namesGiven, toFormat } from './format/format.ts';
import type { Job } from './model.ts';
import { privacyRules, toPrivacy } from './privacy.ts';
import { type Found, known, shown } from './problems.ts';
import { secondsOf } from './shapes.ts';
import type { ParsedSpec } from './spec.ts';
import { toTriggers, triggerRules } from './triggers.ts';

export function brokenRules(job: Job): Found[] {
  return [
    ...columnNames(job),
    ...memberNames(job),
    ...references(job),
    ...keyRules(job),
    ...newColumns(job),
    ...privacyRules(job),
    ...formatRules(job.format),
    ...givenNames(job),
    ...prefixes(job),
    ...triggerRules(job),
  ];
}

function columnNames(job: Job): Found[] {
  const seen = new Map<string, string>();
  return job.contract.columns.flatMap(({ name }) => {
    const field = `contract.columns.${name}`;
    if (!isColumnName(name)) {
      return [
        {
          field,
          value: shown(name),
          allowed: 'a name of letters, digits and _ that does not begin with a digit',
        },
      ];
    }
    const lower = name.toLowerCase();
    if (reservedNames.includes(lower)) {
      return [
        {
          field,
          value: shown(name),
          allowed: `a name other than ${reservedNames.join(' and ')}, which every table has`,
        },
      ];
    }
    const other = seen.get(lower);
    seen.set(lower, name);
    if (other === undefined) return [];
    return [{ field, value: shown(name), allowed: `a name that differs from ${other} in more than case` }];
  });
}

/** Neither DuckDB nor Athena tells members of a struct apart by case. */
const memberNames = (job: Job): Found[] =>
  job.contract.columns.flatMap(({ name, ...typed }) =>
    sameMembers(typed).map(([first, second]) => ({
      field: `contract.columns.${name}`,
      value: shown(second),
      allowed: `members of a struct whose names differ in more than case; ${first} is there, too`,
    })),
  );

function sameMembers({ type }: Typed): Array<[first: string, second: string]> {
  if (type.name === 'list') return sameMembers(type.element);
  if (type.name === 'map') return sameMembers(type.value);
  if (type.name !== 'struct') return [];
  const seen = new Map<string, string>();
  return type.members.flatMap(({ name, ...typed }) => {
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    const below = sameMembers(typed);
    return other === undefined ? below : [[other, name], ...below];
  });
}

function references(job: Job): Found[] {
  const names = job.contract.columns.map(({ name }) => name);
  const unknown = (field: string, name: string): Found[] =>
    names.includes(name)
      ? []
      : [{ field, value: shown(name), allowed: known('a column of the contract', name, names) }];
  return job.contract.key.flatMap((name, i) => unknown(`contract.key.${i}`, name));
}

function keyRules({ contract: { columns, key, onRepeatedKey } }: Job): Found[] {
  const found = key.flatMap((name, i): Found[] => {
    const field = `contract.key.${i}`;
    const column = columns.find((candidate) => candidate.name === name);
    if (column?.nullable)
      return [{ field, value: shown(name), allowed: 'a column that is never null (its type without ?)' }];
    if (column !== undefined && isNested(column.type))
      return [{ field, value: shown(name), allowed: 'a column that is no struct, list or map' }];
    return key.indexOf(name) === i ? [] : [{ field, value: shown(name), allowed: 'each column once' }];
  });
  if (key.length === 0 && onRepeatedKey !== 'allow') {
    found.push({
      field: 'contract.onRepeatedKey',
      value: shown(onRepeatedKey),
      allowed: "'allow', or a contract.key that tells which records are the same",
    });
  }
  return found;
}

/** Who protects some columns has to say of each other one that it needs no protection: nobody has, of a new one. */
function newColumns({ contract, privacy }: Job): Found[] {
  if (contract.onNewColumn !== 'evolve' || Object.keys(privacy).length === 0) return [];
  const allowed =
    "'fail', 'discard-column' or 'discard-record' in a job with privacy rules: a new column would be in the table as it came";
  return [{ field: 'contract.onNewColumn', value: shown(contract.onNewColumn), allowed }];
}

/** Names that are the same, case and all, are the format's own matter. */
function givenNames({ format, contract }: Job): Found[] {
  const key = nameKey(contract.names);
  const names = namesGiven(format) ?? [];
  const first = (name: string) => names.find((other) => key(other) === key(name));
  const twice = names.find((name) => first(name) !== name);
  if (twice === undefined) return [];
  const allowed = `names that differ in more than case, since contract.names is 'ignore-case'; ${first(twice)} is there, too`;
  return [{ field: 'format.header', value: shown(twice), allowed }];
}

function prefixes({ source, cadence }: Job): Found[] {
  if (source.kind !== 's3' || cadence === 'once' || source.prefix.includes('{slice}')) return [];
  const allowed = 'a prefix with {slice} in it, so that each slice has its own files';
  return [{ field: 'source.prefix', value: shown(source.prefix), allowed }];
}

/** The job with every default filled in, as the pipeline knows it. */
export function toJob(spec: ParsedSpec): Job {
  const { contract, envelope } = spec;
  return {
    name: spec.name,
    owner: spec.owner,
    cadence: spec.cadence,
    timezone: spec.timezone,
    lagSeconds: secondsOf(spec.lag),
    source: spec.source,
    format: toFormat(spec.format),
    contract: {
      columns: Object.entries(contract.columns).map(([name, column]) => {
        const word = typeof column === 'string' ? column : column.type;
        const parsed = parseType(word);
        if (parsed === null) throw new Error(`type ${word} passed the schema`);
        return { name, ...parsed, from: typeof column === 'string' ? null : (column.from ?? null) };
      }),
      filter: contract.filter ?? null,
      key: contract.key,
      onNewColumn: contract.onNewColumn,
      onMissingColumn: contract.onMissingColumn,
      onRetypedColumn: contract.onRetypedColumn,
      names: contract.names,
      onRepeatedKey: contract.onRepeatedKey,
      onBadRecord: contract.onBadRecord,
      maxRejects: contract.maxRejects ?? null,
    },
    envelope: {
      eventType: envelope.eventType,
      resource: envelope.resource,
      version: envelope.version ?? null,
      jurisdiction: envelope.jurisdiction ?? null,
      dataSensitivity: envelope.dataSensitivity ?? null,
      tags: envelope.tags ?? null,
    },
    privacy: toPrivacy(spec.privacy),
    sinks: spec.sinks,
    ...toTriggers(spec, spec.cadence),
  };
}
