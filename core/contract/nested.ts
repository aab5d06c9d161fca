/**
 * The value of a nested type from its JSON text, in SQL: every text within goes through the grammar of its own
 * type. What does not fit is told by a position in {@link nestedFaults}, with the member's path and never a value.
 */

import { castScalar } from './grammar.ts';
import { jsonText, withoutBlanks } from './json-text.ts';
import type { Definition, Layers } from './layers.ts';
import { elementPath, memberPath, valuePath } from './member-paths.ts';
import { sqlName, sqlText } from './sql.ts';
import {
  article,
  isNested,
  type Member,
  type NestedType,
  type ScalarType,
  type Typed,
  typeWord,
} from './types.ts';

/** How a part of a nested type is judged, and what its value and its first fault are once it was. */
interface Part {
  /** Of the part's JSON. */
  judged: string;
  /** Of what was judged. */
  value(judged: string): string;
  fault(judged: string): string;
}

/** What parts have in common. */
interface Plan {
  timezone: string;
  /** Messages, each at its position. */
  faults: string[];
  /** A name that no other part has. */
  name(): string;
}

const newPlan = (id: number | string, timezone: string): Plan => {
  let count = 0;
  return { timezone, faults: [], name: () => `a${id}_${count++}` };
};

/**
 * Layers whose last defines `v<id>`, the value, and `w<id>`: NULL, or the position of what is wrong. `text` is SQL
 * for a VARCHAR; of a null text both are NULL.
 */
export function castNested(id: number | string, type: NestedType, text: string, timezone: string): Layers {
  const { judged, value, fault } = column(newPlan(id, timezone), type, `j${id}`);
  const wrong = `CASE WHEN ${text} IS NOT NULL AND j${id} IS NULL THEN 0 ELSE ${fault(`r${id}`)} END`;
  return [
    [{ name: `s${id}`, sql: withoutBlanks(text) }],
    [{ name: `j${id}`, sql: jsonText(`s${id}`) }],
    [{ name: `r${id}`, sql: judged }],
    [
      { name: `v${id}`, sql: value(`r${id}`) },
      { name: `w${id}`, sql: wrong },
    ],
  ];
}

/** What may be wrong with a nested column, at the positions that `w<id>` gives. */
export function nestedFaults(name: string, type: NestedType): string[] {
  const plan = newPlan(0, 'UTC');
  column(plan, type, 'j', name);
  return plan.faults;
}

/** The first fault is that the text is no JSON at all, or of another kind: both are told alike. */
const column = (plan: Plan, type: NestedType, json: string, path = ''): Part =>
  part(plan, { type, nullable: true }, json, path);

function part(plan: Plan, typed: Typed, json: string, path: string): Part {
  const { type } = typed;
  if (!isNested(type)) return leaf(plan, { ...typed, type }, json, path);
  const kind = type.name === 'list' ? 'list' : 'object';
  const opening = type.name === 'list' ? '[' : '{';
  const isOther = `NOT starts_with(CAST(${json} AS VARCHAR), '${opening}')`;
  const wrong = [
    `WHEN ${isOther} THEN ${add(plan, `${path}: not a JSON ${kind} (see docs/types.md#${type.name})`)}`,
  ];
  if (type.name !== 'list') {
    const usual = type.name === 'struct' ? type.members.map((member) => member.name) : [];
    wrong.push(`WHEN ${repeated(json, usual)} THEN ${add(plan, `${path}: a key that comes twice`)}`);
  }
  wrong.push(...nullFault(plan, typed, json, path));
  const own = `CASE ${wrong.join(' ')} END`;
  if (type.name === 'struct') return struct(plan, type.members, json, path, own);
  if (type.name === 'list') return list(plan, type.element, json, path, own);
  return map(plan, type.value, json, path, own);
}

/** The fault's position. */
const add = (plan: Plan, message: string): number => plan.faults.push(message) - 1;

const nullFault = (plan: Plan, { nullable }: Typed, json: string, path: string): string[] =>
  nullable
    ? []
    : [`WHEN ${json} IS NULL THEN ${add(plan, `${path}: null or missing, where the contract allows none`)}`];

/** Whether a key of an object comes twice; the usual keys in their usual order need no closer look. */
function repeated(json: string, usual: readonly string[] = []): string {
  const isRepeated = 'list_unique(keys) <> len(keys)';
  const looked =
    usual.length === 0
      ? isRepeated
      : `CASE WHEN keys = [${usual.map(sqlText).join(', ')}] THEN false ELSE ${isRepeated} END`;
  return within([{ name: 'keys', sql: `json_keys(${json})` }], looked);
}

/** How a part comes out of what holds it: a string as JSON, for only so an object is not one. */
const shape = ({ type }: Typed): string => (isNested(type) || type.name === 'string' ? 'JSON' : 'VARCHAR');

function leaf(plan: Plan, typed: Typed & { type: ScalarType }, json: string, path: string): Part {
  const { type } = typed;
  const name = plan.name();
  const word = typeWord(type);
  const isString = type.name === 'string';
  const misfit = add(plan, `${path}: not ${article(word)} (see docs/types.md#${type.name})`);
  const wrong = isString
    ? `starts_with(CAST(${json} AS VARCHAR), '{') OR starts_with(CAST(${json} AS VARCHAR), '[')`
    : `${json} IS NOT NULL AND v${name} IS NULL`;
  const cases = [`WHEN ${wrong} THEN ${misfit}`, ...nullFault(plan, typed, json, path)];
  const text = isString ? `json_extract_string(${json}, '$')` : json;
  const judged = `struct_pack(v := v${name}, e := CASE ${cases.join(' ')} END)`;
  return {
    judged: within(castScalar(name, type, text, plan.timezone).flat(), judged),
    value: (leaf) => `${leaf}.v`,
    fault: (leaf) => `${leaf}.e`,
  };
}

/** SQL in which names mean what is defined, each once computed: an expression has no other way to say so. */
const within = (definitions: readonly Definition[], sql: string): string =>
  definitions.reduceRight(
    (inner, { name, sql: value }) => `list_transform([${value}], lambda ${name}: ${inner})[1]`,
    sql,
  );

function struct(plan: Plan, members: readonly Member[], json: string, path: string, own: string): Part {
  const read = plan.name();
  const parts = members.map((member) => {
    const name = sqlName(member.name);
    return { name, ...part(plan, member, `${read}.${name}`, memberPath(path, member.name)) };
  });
  const shapes = JSON.stringify(Object.fromEntries(members.map((member) => [member.name, shape(member)])));
  const pack = (values: ReadonlyArray<[name: string, sql: string]>) =>
    `struct_pack(${values.map(([name, sql]) => `${name} := ${sql}`).join(', ')})`;
  const judged = pack([
    ['c', pack(parts.map((one) => [one.name, one.judged]))],
    ['n', `${json} IS NULL`],
    ['e', own],
  ]);
  return {
    judged: within([{ name: read, sql: `from_json(${json}, ${sqlText(shapes)})` }], judged),
    value: (at) =>
      `CASE WHEN NOT ${at}.n THEN ${pack(parts.map((one) => [one.name, one.value(`${at}.c.${one.name}`)]))} END`,
    fault: (at) => {
      const faults = parts.map((one) => one.fault(`${at}.c.${one.name}`));
      return `CASE WHEN ${at}.n THEN ${at}.e ELSE coalesce(${[`${at}.e`, ...faults].join(', ')}) END`;
    },
  };
}

function list(plan: Plan, element: Typed, json: string, path: string, own: string): Part {
  const [each, one] = [plan.name(), plan.name()];
  const { judged, value, fault } = part(plan, element, each, elementPath(path));
  const elements = `from_json(${json}, '["${shape(element)}"]')`;
  return {
    judged: `struct_pack(l := list_transform(${elements}, lambda ${each}: ${judged}), e := ${own})`,
    value: (at) => `list_transform(${at}.l, lambda ${one}: ${value(one)})`,
    fault: (at) => `coalesce(${at}.e, ${least(`${at}.l`, one, fault)})`,
  };
}

function map(plan: Plan, typed: Typed, json: string, path: string, own: string): Part {
  const [read, each, one] = [plan.name(), plan.name(), plan.name()];
  const { judged, value, fault } = part(plan, typed, each, valuePath(path));
  // DuckDB's maps raise where a key comes twice.
  const entries = `CASE WHEN NOT ${repeated(json)} THEN from_json(${json}, '"MAP(VARCHAR, ${shape(typed)})"') END`;
  const values = `list_transform(map_values(${read}), lambda ${each}: ${judged})`;
  return {
    judged: within(
      [{ name: read, sql: entries }],
      `struct_pack(k := map_keys(${read}), l := ${values}, e := ${own})`,
    ),
    value: (at) => `map(${at}.k, list_transform(${at}.l, lambda ${one}: ${value(one)}))`,
    fault: (at) => `coalesce(${at}.e, ${least(`${at}.l`, one, fault)})`,
  };
}

const least = (judged: string, one: string, fault: Part['fault']): string =>
  `list_min(list_transform(${judged}, lambda ${one}: ${fault(one)}))`;
