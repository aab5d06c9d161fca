/** The questions of a survey as SQL: by the grammars that the contract's own casts have. */
import type { DuckDBValue } from '@duckdb/node-api';
import { castScalar } from './grammar.ts';
import { inParallel, type Layers, stack } from './layers.ts';
import { sqlText } from './sql.ts';
import { type FieldSurvey, type Form, wholeTypes } from './survey.ts';

const casts = ['bigint', 'double', 'float', 'date', 'timestamp'] as const;
type Cast = (typeof casts)[number];

/** One column of the answer. `value`: SQL for a cast of the text, null where the text is none of the type's. */
interface Question {
  of: Form | 'any' | 'whole' | 'beyondFloat';
  casts: readonly Cast[];
  sql(text: string, value: (cast: Cast) => string): string;
}

const all = (text: string, condition: string) =>
  `bool_and(coalesce(${condition}, false)) FILTER (${text} IS NOT NULL)`;

const limits = ['BETWEEN -128 AND 127', 'BETWEEN -32768 AND 32767', 'BETWEEN -2147483648 AND 2147483647'];

const questions: readonly Question[] = [
  { of: 'any', casts: [], sql: (text) => `count(${text}) > 0` },
  {
    of: 'bigint',
    casts: ['bigint'],
    sql: (text, value) => all(text, `CAST(${value('bigint')} AS VARCHAR) = ${text}`),
  },
  { of: 'double', casts: ['double'], sql: (text, value) => all(text, isPrinted(text, value('double'))) },
  { of: 'boolean', casts: [], sql: (text) => all(text, `${text} IN ('true', 'false')`) },
  { of: 'date', casts: ['date'], sql: (text, value) => all(text, `${value('date')} IS NOT NULL`) },
  {
    of: 'timestamp',
    casts: ['timestamp'],
    // Without an offset it would be another instant in another timezone of the job.
    sql: (text, value) =>
      all(text, `${value('timestamp')} IS NOT NULL AND regexp_matches(${text}[12:], '[Z+-]')`),
  },
  {
    of: 'whole',
    casts: ['bigint'],
    sql: (_, value) => {
      const narrow = limits.map((limit, n) => `WHEN ${value('bigint')} ${limit} THEN ${n}`).join(' ');
      return `max(CASE ${narrow} WHEN ${value('bigint')} IS NOT NULL THEN ${limits.length} END)`;
    },
  },
  {
    of: 'beyondFloat',
    casts: ['double', 'float'],
    sql: (_, value) => `bool_or(${value('double')} IS NOT NULL AND ${value('float')} IS NULL)`,
  },
];

/** What further texts can still change. */
const openOf = ({ any, forms, whole, beyondFloat }: FieldSurvey): Question[] =>
  questions.filter(({ of }) => {
    if (of === 'any') return !any;
    if (of === 'whole') return whole !== 'bigint';
    return of === 'beyondFloat' ? !beyondFloat : forms.includes(of);
  });

/** A SELECT of one row over `texts`, whose `f0`, `f1` … are the fields', and what its row adds to their surveys. */
export function surveySql(
  fields: readonly FieldSurvey[],
  texts: string,
  timezone: string,
): { sql: string; add(row: readonly DuckDBValue[]): FieldSurvey[] } {
  const open = fields.map(openOf);
  const answers = open.flatMap((asked, i) => asked.map(({ sql }) => sql(`f${i}`, (cast) => `v${i}_${cast}`)));
  const values = open.flatMap((asked, i) =>
    valuesOf(i, new Set(asked.flatMap((one) => one.casts)), timezone),
  );
  return {
    sql: `SELECT ${answers.join(', ') || 'NULL'} FROM (${stack(texts, inParallel(values))})`,
    add(row) {
      const rest = [...row];
      return fields.map((field, i) => {
        const asked = open[i] ?? [];
        return answered(field, new Map(asked.map(({ of }) => [of, rest.shift()])));
      });
    },
  };
}

/** A text that is no number to DuckDB is none to the grammars either, which take longer to say so. */
function valuesOf(i: number, wanted: ReadonlySet<Cast>, timezone: string): Layers[] {
  const number = `t${i}_number`;
  const numbers: Layers = [
    [{ name: number, sql: `CASE WHEN TRY_CAST(f${i} AS DOUBLE) IS NOT NULL THEN f${i} END` }],
  ];
  return casts
    .filter((name) => wanted.has(name))
    .map((name, n): Layers => {
      const isNumber = name !== 'date' && name !== 'timestamp';
      const own = castScalar(`${i}_${name}`, { name }, isNumber ? number : `f${i}`, timezone);
      return isNumber ? [...(n === 0 ? numbers : [[]]), ...own] : own;
    });
}

function answered(
  field: FieldSurvey,
  found: ReadonlyMap<Question['of'], DuckDBValue | undefined>,
): FieldSurvey {
  const whole = found.get('whole') ?? null;
  return {
    field: field.field,
    any: field.any || found.get('any') === true,
    // Of no text everything holds.
    forms: field.forms.filter((form) => found.get(form) !== false),
    whole: wholeTypes.findLast((type, n) => type === field.whole || n === whole) ?? null,
    beyondFloat: field.beyondFloat || found.get('beyondFloat') === true,
  };
}

/** As programs print doubles: some with a point behind a whole number, some with an exponent where others have none. */
const printed = sqlText('-?(0|[1-9][0-9]*)([.]0|[.][0-9]*[1-9])?(e[+-][0-9]{1,3})?');

/** Whether no digit of a text is lost, or was too much, in the double that it stands for. */
function isPrinted(text: string, double: string): string {
  const shortest = `CAST(${double} AS VARCHAR)`;
  const asPrinted = `regexp_full_match(${text}, ${printed}) AND ${digits(text)} = ${digits(shortest)}`;
  return `CASE WHEN ${double} IS NULL THEN false ELSE ${shortest} = ${text} OR ${asPrinted} END`;
}

/** Those that count: from the first that is no zero to the last one. */
const digits = (number: string): string =>
  `trim(replace(regexp_replace(${number}, '^-|e.*$', '', 'g'), '.', ''), '0')`;
