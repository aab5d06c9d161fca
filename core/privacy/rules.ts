/** The privacy rules as SQL over a typed value, and what each of them needs. Null stays null. */
import { sqlText } from '../contract/sql.ts';
import { nestedJson } from '../contract/to-json.ts';
import { type ColumnType, isNested } from '../contract/types.ts';
import type { Job, PrivacyRule } from '../job/model.ts';
import { generalised } from './generalise.ts';
import { hmacSha256 } from './hmac.ts';
import { type DataKey, prefixOf } from './seal.ts';
import { token } from './token.ts';

/** What stands for every masked value. */
export const mask = '***';

/**
 * `path`: a column's name, or the way to what is within one. Own fields alone: a column may be called `constructor`,
 * which every object has.
 */
export const ruleOf = ({ privacy }: Pick<Job, 'privacy'>, path: string): PrivacyRule | null =>
  (Object.hasOwn(privacy, path) ? privacy[path] : undefined) ?? null;

export type RuleName = Extract<PrivacyRule, string> | Exclude<PrivacyRule, string>['rule'];

export const nameOf = (rule: PrivacyRule): RuleName => (typeof rule === 'string' ? rule : rule.rule);

/** The type that a value has behind its rule. */
export function typeBehind(rule: PrivacyRule, type: ColumnType): ColumnType {
  const name = nameOf(rule);
  return name === 'truncate' || name === 'generalise' ? type : { name: 'string' };
}

/** Those of the secret store, and the data key, which is made anew each time. */
export interface PrivacyKeys {
  hash: Buffer | null;
  token: Buffer | null;
  sharedToken: Buffer | null;
  data: DataKey | null;
}

export type KeyName = keyof PrivacyKeys;

export const noKeys: PrivacyKeys = { hash: null, token: null, sharedToken: null, data: null };

function keyOf(rule: PrivacyRule): KeyName | null {
  if (rule === 'hash') return 'hash';
  if (rule === 'encrypt') return 'data';
  if (typeof rule === 'string' || rule.rule !== 'tokenise') return null;
  return rule.scope === 'shared' ? 'sharedToken' : 'token';
}

/** The keys that a job's rules take. */
export const keysOf = ({ privacy }: Pick<Job, 'privacy'>): ReadonlySet<KeyName> =>
  new Set(Object.values(privacy).flatMap((rule) => keyOf(rule) ?? []));

/** A value in SQL with what a rule may ask about it. */
export interface Value {
  sql: string;
  type: ColumnType;
  /** Of the column, or of what is within it. */
  path: string;
}

/** `keys` must hold those of {@link keysOf}. What is dropped has no SQL: it is not selected. */
export function protect(value: Value, rule: PrivacyRule, keys: PrivacyKeys): string {
  const secret = (key: Exclude<KeyName, 'data'>): Buffer => present(keys[key], key);
  switch (rule) {
    case 'hash':
      return hmacSha256(`encode(${textOf(value)})`, secret('hash'));
    case 'mask':
      return `CASE WHEN ${value.sql} IS NOT NULL THEN '${mask}' END`;
    case 'encrypt':
      return `'${prefixOf(present(keys.data, 'data'))}' || ${sealFunction}(${textOf(value)}, ${sqlText(value.path)})`;
    case 'drop':
      throw new Error('what is dropped has no SQL');
  }
  switch (rule.rule) {
    case 'tokenise':
      return token(textOf(value), secret(rule.scope === 'shared' ? 'sharedToken' : 'token'));
    case 'truncate':
      return `left(${value.sql}, ${rule.to})`;
    case 'generalise':
      return generalised(value.sql, value.type, rule.to);
  }
}

const textOf = ({ sql, type }: Value): string =>
  isNested(type) ? nestedJson(sql, type) : `CAST(${sql} AS VARCHAR)`;

/** The function of Envelope's engine that encrypts: of a text and its path, which is the same for all. */
export const sealFunction = 'forebay_seal';

function present<K>(key: K | null, name: KeyName): K {
  if (key === null) throw new Error(`there is no key '${name}'`);
  return key;
}
