/** The privacy rules of a job file: their shapes, and what they ask of their columns. */
import * as z from 'zod';
import { isWithin } from '../contract/member-paths.ts';
import { type ColumnType, isNested, typeWord } from '../contract/types.ts';
import { calendarUnits, type Interval, intervalProblem } from '../privacy/generalise.ts';
import { allParts, columnPart, type Part, partsWithin } from '../privacy/parts.ts';
import { nameOf, ruleOf } from '../privacy/rules.ts';
import type { Job, PrivacyRule } from './model.ts';
import { type Found, known, shown } from './problems.ts';
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
  const parts = job.contract.columns.flatMap((column) => allParts(columnPart(column)));
  const found = Object.entries(job.privacy).flatMap(([path, rule]): Found[] => {
    const part = parts.find((candidate) => candidate.path === path);
    const field = `privacy.${path}`;
    if (part === undefined) return [{ field, value: shown(path), allowed: knownPath(path, parts) }];
    const outer = Object.keys(job.privacy).find((other) => isWithin(path, other));
    if (outer !== undefined) {
      return [{ field, value: shown(rule), allowed: `no rule within ${outer}, which has one as a whole` }];
    }
    return partRules(part, rule, job.contract.key.includes(path));
  });
  return [...found, ...keptRules(job, parts)];
}

/** Of an unknown name or path. */
function knownPath(path: string, parts: readonly Part[]): string {
  const columns = parts.filter(({ within }) => within === null).map((part) => part.path);
  const outer = parts.findLast((part) => isWithin(path, part.path));
  if (outer === undefined) {
    const all = parts.map((part) => part.path);
    return known('a column of the contract', path, columns, /^\w+$/.test(path) ? columns : all);
  }
  const direct = partsWithin(outer).map((part) => part.path);
  if (direct.length === 0) return `nothing within ${outer.path}, which is ${typeWord(outer.type)}`;
  const column = columns.find((name) => isWithin(path, name)) ?? '';
  const near = parts.map((part) => part.path).filter((other) => isWithin(other, column));
  return known(`what there is within ${outer.path}`, path, direct, near);
}

/** Something of the table, and of each struct, must be left. */
function keptRules({ privacy }: Job, parts: readonly Part[]): Found[] {
  const isDropped = ({ path }: Part) => ruleOf({ privacy }, path) === 'drop';
  const value = shown(privacy);
  const columns = parts.filter(({ within }) => within === null);
  const empty = parts.filter((part) => part.type.name === 'struct' && partsWithin(part).every(isDropped));
  return [
    ...(columns.every(isDropped) ? ['at least one column that is kept'] : []),
    ...empty.map(({ path }) => `at least one member of ${path} that is kept`),
  ].map((allowed) => ({ field: 'privacy', value, allowed }));
}

function partRules(part: Part, rule: PrivacyRule, isKey: boolean): Found[] {
  const { path, type, within } = part;
  const field = `privacy.${path}`;
  const value = shown(rule);
  const reason = isKey ? notForKeys[nameOf(rule)] : undefined;
  if (reason !== undefined)
    return [{ field, value, allowed: `hash, tokenise, or no rule: it is a key, and ${reason}` }];
  if (rule === 'drop' && within !== null && within !== 'struct') {
    const allowed = `drop for a column, or for a member of a struct; ${path} is what a ${within} holds`;
    return [{ field, value, allowed }];
  }
  if (typeof rule === 'string' || rule.rule === 'tokenise') return [];
  const takes = taken[rule.rule];
  if (!takes.isType(type)) return [{ field, value, allowed: `${rule.rule} for ${takes.what}; ${isA(part)}` }];
  const allowed = rule.rule === 'generalise' ? intervalProblem(type, rule.to) : null;
  return allowed === null
    ? []
    : [{ field: `${field}.to`, value: shown(rule.to), allowed: `${allowed}, since ${isA(part)}` }];
}

/** The rules that not every type takes. */
const taken = {
  truncate: { what: 'type string', isType: ({ name }: ColumnType) => name === 'string' },
  generalise: {
    what: 'numbers, dates or timestamps',
    isType: (type: ColumnType) => !isNested(type) && type.name !== 'string' && type.name !== 'boolean',
  },
};

function isA(part: Part): string {
  if (!isNested(part.type)) return `${part.path} is ${typeWord(part.type)}`;
  const [first] = partsWithin(part);
  return `${part.path} is a ${part.type.name}, and a rule may name what is within it, such as ${first?.path}`;
}
