/** The privacy rules over whole columns: what is within one keeps its place, and all around a rule stays as it is. */

import { elementPath, isWithin, memberPath, valuePath } from '../contract/member-paths.ts';
import { sqlName, sqlText } from '../contract/sql.ts';
import type { ColumnType, Member } from '../contract/types.ts';
import type { Job } from '../job/model.ts';
import { type PrivacyKeys, protect, ruleOf, typeBehind, type Value } from './rules.ts';

type Rules = Pick<Job, 'privacy'>;

/** A column, or what is within one. */
type Column = Omit<Value, 'sql'>;

const hasRuleWithin = ({ privacy }: Rules, path: string): boolean =>
  Object.keys(privacy).some((other) => isWithin(other, path));

/** The members that a struct has behind the rules. */
const kept = (rules: Rules, path: string, members: readonly Member[]): Member[] =>
  members.filter(({ name }) => ruleOf(rules, memberPath(path, name)) !== 'drop');

/** The type that a column has behind the rules. */
export function protectedType(rules: Rules, { path, type }: Column): ColumnType {
  const rule = ruleOf(rules, path);
  if (rule !== null) return typeBehind(rule, type);
  if (!hasRuleWithin(rules, path)) return type;
  const within = <T extends { type: ColumnType }>(typed: T, at: string): T => ({
    ...typed,
    type: protectedType(rules, { path: at, type: typed.type }),
  });
  switch (type.name) {
    case 'struct': {
      const members = kept(rules, path, type.members);
      return { ...type, members: members.map((member) => within(member, memberPath(path, member.name))) };
    }
    case 'list':
      return { ...type, element: within(type.element, elementPath(path)) };
    case 'map':
      return { ...type, value: within(type.value, valuePath(path)) };
    default:
      return type;
  }
}

/** SQL for a column's value behind the rules; `sql` is the value before them, and stays where there is no rule. */
export const protectedValue = (rules: Rules, keys: PrivacyKeys, column: Value): string =>
  valueBehind(rules, keys, column, 0);

/** `level`: how many lambdas are around it. */
function valueBehind(rules: Rules, keys: PrivacyKeys, value: Value, level: number): string {
  const { path, type, sql } = value;
  const rule = ruleOf(rules, path);
  if (rule !== null) return protect(value, rule, keys);
  if (!hasRuleWithin(rules, path)) return sql;
  const one = `p${level}`;
  const each = (values: string, inner: Column): string =>
    `list_transform(${values}, lambda ${one}: ${valueBehind(rules, keys, { ...inner, sql: one }, level + 1)})`;
  switch (type.name) {
    case 'struct': {
      const members = kept(rules, path, type.members).map(({ name, type: of }) => {
        const member = { path: memberPath(path, name), type: of };
        const before = `struct_extract(${sql}, ${sqlText(name)})`;
        return `${sqlName(name)} := ${valueBehind(rules, keys, { ...member, sql: before }, level)}`;
      });
      return `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${members.join(', ')}) END`;
    }
    case 'list':
      return each(sql, { path: elementPath(path), type: type.element.type });
    case 'map': {
      const values = each(`map_values(${sql})`, { path: valuePath(path), type: type.value.type });
      return `map(map_keys(${sql}), ${values})`;
    }
    default:
      return sql;
  }
}
