/** The privacy rules of a job file: their shapes, and what they ask of their columns. */
import { z } from 'zod';
import { typeWord } from '../contract/types.ts';
import { calendarUnits, type Interval, intervalProblem } from '../privacy/generalise.ts';
import { nameOf, ruleOf } from '../privacy/rules.ts';
import type { Column, Job, PrivacyRule } from './model.ts';
import { type Found, shown } from './problems.ts';
import { fields, oneOf } from './shapes.ts';

const words = ['hash', 'tokenise', 'encrypt', 'mask', 'drop'] as const;

const intervalForm = "a width above 0, 'day', 'month' or 'year'";
const isInterval = (value: unknown): value is Interval =>
  typeof value === 'number'
    ? value > 0 && Number.isFinite(value)
    : calendarUnits.some((unit) => unit === value);

const lengthForm = 'a whole number from 1: how many characters are kept';
const isLength = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0;

const ruleForm =
  `${words.map((word) => `'${word}'`).join(', ')}, { rule: 'tokenise', scope }, ` +
  "{ rule: 'truncate', to } or { rule: 'generalise', to }";

// A check that does not abort: a wrong `to` is told by itself, and not as a wrong rule.
const withParameters = z.discriminatedUnion(
  'rule',
  [
    fields({ rule: z.literal('tokenise'), scope: oneOf(['job', 'shared']).default('job') }, ruleForm),
    fields(
      { rule: z.literal('truncate'), to: z.custom<number>(isLength, { error: lengthForm, abort: false }) },
      ruleForm,
    ),
    fields(
      {
        rule: z.literal('generalise'),
        to: z.custom<Interval>(isInterval, { error: intervalForm, abort: false }),
      },
      ruleForm,
    ),
  ],
  { error: ruleForm },
);

const ruleSpec = z.union([oneOf(words), withParameters], { error: ruleForm });

export const privacySpec = z
  .record(z.string(), ruleSpec, { error: 'an object: { column: rule }' })
  .default({});

export const toPrivacy = (spec: z.output<typeof privacySpec>): Job['privacy'] =>
  Object.fromEntries(Object.entries(spec).map(([column, rule]) => [column, toRule(rule)]));

const toRule = (rule: z.output<typeof ruleSpec>): PrivacyRule =>
  rule === 'tokenise' ? { rule: 'tokenise', scope: 'job' } : rule;

/** Why a column of the key cannot have a rule: its value behind the rule is the record's identity. */
const notForKeys: Partial<Record<ReturnType<typeof nameOf>, string>> = {
  mask: 'a masked one tells no record from another',
  drop: 'a dropped one tells no record from another',
  truncate: 'two that begin alike would be one',
  generalise: 'two of one interval would be one',
  encrypt: 'an encrypted one is another each time',
};

export function privacyRules(job: Job): Found[] {
  const { columns, key } = job.contract;
  const found = columns.flatMap((column) => {
    const rule = ruleOf(job, column.name);
    return rule === null ? [] : columnRules(column, rule, key.includes(column.name));
  });
  const dropped = columns.every(({ name }) => ruleOf(job, name) === 'drop');
  return dropped
    ? [...found, { field: 'privacy', value: shown(job.privacy), allowed: 'at least one column that is kept' }]
    : found;
}

function columnRules({ name, type }: Column, rule: PrivacyRule, isKey: boolean): Found[] {
  const field = `privacy.${name}`;
  const value = shown(rule);
  const reason = isKey ? notForKeys[nameOf(rule)] : undefined;
  if (reason !== undefined)
    return [{ field, value, allowed: `hash, tokenise, or no rule: it is a key, and ${reason}` }];
  if (typeof rule === 'string' || rule.rule === 'tokenise') return [];
  const word = typeWord(type);
  if (rule.rule === 'truncate') {
    const allowed = `truncate for a column of type string; ${name} is ${word}`;
    return type.name === 'string' ? [] : [{ field, value, allowed }];
  }
  if (['string', 'boolean'].includes(type.name)) {
    return [
      {
        field,
        value,
        allowed: `generalise for a column of numbers, dates or timestamps; ${name} is ${word}`,
      },
    ];
  }
  const allowed = intervalProblem(type, rule.to);
  return allowed === null
    ? []
    : [{ field: `${field}.to`, value: shown(rule.to), allowed: `${allowed}, since ${name} is ${word}` }];
}
