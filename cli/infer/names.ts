/** Columns' names for the names that a source has. */
import { sqlName } from '../../core/contract/sql.ts';

/** A field of the source. */
export interface Field {
  name: string;
  /** What leads to it, where its name alone does not. */
  path: string | null;
}

export interface NamedColumn {
  /** `null`: no column can be made of the field. */
  name: string | null;
  /** The field's own name. */
  field: string;
  /** A path, or SQL for the field, where the column has another name. */
  from: string | null;
  /** Why there is no column. */
  why?: string;
}

const valid = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Names that each table has, and the one that an object in JavaScript does not take for a field. */
const taken = ['metadata', 'slice', '__proto__'];
/** What an expression takes for the session's or for our own, in quotes, too. */
const unspoken =
  /^(_fb|current_(date|time|timestamp|user|role|schema|catalog)|localtime|localtimestamp|session_user|user|rowid)$/i;

/** A field that may be a column's name is one; the others get one in lower case, made of their letters and digits. */
export function nameColumns(fields: readonly Field[]): NamedColumn[] {
  const spellings = new Map<string, string>();
  const used = new Set(taken.map((name) => name.toLowerCase()));
  for (const { name, path } of fields) if (path === null && isOwn(name)) used.add(name.toLowerCase());
  return fields.map(({ name: field, path }) => {
    const spelling = (path ?? field).toLowerCase();
    const other = spellings.get(spelling);
    if (other !== undefined) return { name: null, field, from: null, why: `${other} differs in case only` };
    spellings.set(spelling, field);
    if (path === null && isOwn(field)) return { name: field, field, from: null };
    if (path === null && (unspoken.test(field) || field.includes('\0'))) {
      return { name: null, field, from: null, why: 'no expression can say its name' };
    }
    const name = free(isOwn(field) ? field : plainName(field), used);
    used.add(name.toLowerCase());
    return { name, field, from: path ?? sqlName(field) };
  });
}

const isOwn = (field: string): boolean => valid.test(field) && !taken.includes(field.toLowerCase());

function plainName(field: string): string {
  const ascii = field.normalize('NFKD').replace(/\p{M}/gu, '');
  const name = ascii
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 100);
  return name === '' ? 'column' : /^\d/.test(name) ? `_${name}` : name;
}

function free(name: string, used: ReadonlySet<string>): string {
  let found = name;
  for (let n = 2; used.has(found.toLowerCase()); n++) found = `${name}_${n}`;
  return found;
}

/** A job's name for a file: letters, digits and single hyphens, a letter first. */
export function jobName(file: string): string {
  const words = file
    .replace(/^.*[/\\]/, '')
    .replace(/(\.(gz|csv|tsv|txt|dat|json|ndjson|jsonl|xml))+$/i, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-\d]+/, '');
  return words.slice(0, 40).replace(/-+$/, '') || 'feed';
}
