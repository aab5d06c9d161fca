/** The shape of a job file, field by field; `docs/job-file.md` explains each. Rules across fields: rules.ts. */
import * as z from 'zod';
import { allowedTypes, parseType } from '../contract/types.ts';
import { formatSpec } from './format/format.ts';
import { privacySpec } from './privacy.ts';
import { duration, fields, oneOf, text } from './shapes.ts';
import { triggerSpecs } from './triggers.ts';

const sourceSpec = z.discriminatedUnion(
  'kind',
  [
    fields({ kind: z.literal('inbox') }, 'inbox()'),
    fields(
      {
        kind: z.literal('s3'),
        bucket: z.string({ error: 'a logical name such as partner-files' }).regex(/^[a-z][a-z0-9-]{0,62}$/, {
          error: 'a logical name such as partner-files; the configuration maps it to a bucket',
        }),
        prefix: z
          .string({ error: "a prefix such as 'exports/{slice}/'" })
          .refine((value) => !value.startsWith('/'), {
            error: "a prefix such as 'exports/{slice}/', without a / in front",
          }),
      },
      's3Source({ bucket, prefix })',
    ),
  ],
  { error: 'inbox() or s3Source({ bucket, prefix })' },
);

const typeWord = z
  .string({ error: allowedTypes })
  .refine((word) => parseType(word) !== null, { error: allowedTypes });

const expression = text('SQL over the fields of the source');

/** A type word, or an object with it: read apart, so that each problem has its own field. */
const columnForm = `a type (${allowedTypes}), or { type, from }`;
const columnSpec = z.union([typeWord, fields({ type: typeWord, from: expression.optional() }, columnForm)], {
  error: columnForm,
});

const maxRejectsForm = '{ count: n } with a whole number from 0, or { ratio: r } with a number from 0 to 1';
const maxRejects = z.union(
  [
    fields(
      {
        count: z.int({ error: 'a whole number from 0' }).nonnegative({ error: 'a whole number from 0' }),
      },
      maxRejectsForm,
    ),
    fields(
      {
        ratio: z
          .number({ error: 'a number from 0 to 1' })
          .min(0, { error: 'a number from 0 to 1' })
          .max(1, { error: 'a number from 0 to 1' }),
      },
      maxRejectsForm,
    ),
  ],
  { error: maxRejectsForm },
);

const columnPolicies = ['evolve', 'fail', 'discard-column', 'discard-record'] as const;

const contractSpec = fields(
  {
    columns: z
      .record(z.string(), columnSpec, { error: 'an object of columns: { name: type }' })
      .refine((columns) => Object.keys(columns).length > 0, { error: 'at least one column' }),
    filter: expression.optional(),
    key: z.array(text('names of columns'), { error: 'a list of names of columns' }).default([]),
    onRepeatedKey: oneOf(['allow', 'reject', 'keep-first', 'keep-last']).default('allow'),
    onNewColumn: oneOf(columnPolicies).default('discard-column'),
    onMissingColumn: oneOf(columnPolicies).default('fail'),
    onRetypedColumn: oneOf(columnPolicies).default('discard-record'),
    names: oneOf(['exact', 'ignore-case']).default('exact'),
    onBadRecord: oneOf(['quarantine', 'fail']).default('quarantine'),
    maxRejects: maxRejects.optional(),
  },
  '{ columns: { name: type } } and, where needed, filter, key, onRepeatedKey, names, onNewColumn, onMissingColumn, onRetypedColumn, onBadRecord, maxRejects',
);

const envelopeSpec = fields(
  {
    eventType: text('a name such as OrderPlaced'),
    resource: text('a name such as /orders'),
    version: text('a text').optional(),
    jurisdiction: text('a text').optional(),
    dataSensitivity: text('a text').optional(),
    tags: z.array(text('texts that are not empty'), { error: 'a list of texts' }).optional(),
  },
  '{ eventType, resource } and, where needed, version, jurisdiction, dataSensitivity, tags',
);

const majorForm = 'a whole number from 1 to 99: the major version of the table';
const lakeSpec = fields(
  {
    kind: z.literal('lake', { error: 'lake()' }),
    major: z.int({ error: majorForm }).min(1, { error: majorForm }).max(99, { error: majorForm }).default(1),
  },
  'lake()',
);

export const jobSpec = fields(
  {
    name: z
      .string({ error: 'lower-case letters, digits and single hyphens, at most 40 characters, e.g. orders' })
      .max(40, { error: 'at most 40 characters' })
      .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, {
        error: 'lower-case letters, digits and single hyphens, e.g. orders',
      }),
    owner: text('who answers for the feed, e.g. sales'),
    cadence: oneOf(['hourly', 'daily', 'monthly', 'once']),
    timezone: z
      .string({ error: 'an IANA time zone such as Europe/Amsterdam' })
      .refine(isTimezone, { error: 'an IANA time zone such as Europe/Amsterdam' })
      .default('UTC'),
    lag: duration.default('0s'),
    source: sourceSpec,
    format: formatSpec,
    contract: contractSpec,
    envelope: envelopeSpec,
    privacy: privacySpec,
    sinks: z.array(lakeSpec, { error: '[lake()]' }).length(1, { error: '[lake()]: exactly one lake' }),
    ...triggerSpecs,
  },
  'defineJob({ … }) with an object of fields',
);

export type JobSpec = z.input<typeof jobSpec>;
export type ParsedSpec = z.output<typeof jobSpec>;
export type ContractSpec = z.input<typeof contractSpec>;
export type ColumnSpec = z.input<typeof columnSpec>;
export type EnvelopeSpec = z.input<typeof envelopeSpec>;

function isTimezone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    // An offset such as +02:00 is no zone: it knows no change of the clock, and Scheduler does not take it. Nor
    // does Scheduler know a name in other letters, such as europe/amsterdam, which JavaScript does.
    return /^[A-Z]/.test(name) && (timeZone === name || timeZone.toLowerCase() !== name.toLowerCase());
  } catch {
    return false;
  }
}
