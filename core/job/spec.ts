/** The shape of a job file, field by field; `docs/job-file.md` explains each. Rules across fields: rules.ts. */
import { z } from 'zod';
import { allowedTypes, parseType } from '../contract/types.ts';

/** `error` is what is allowed: the loader puts file, field and value in front of it. */
const text = (allowed: string) => z.string({ error: allowed }).regex(/\S/, { error: allowed });
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.map((value) => `'${value}'`).join(', ')}` });

const oneCharacter = (what: string) =>
  z
    .string({ error: what })
    .refine((value) => [...value].length === 1 && !/[\r\n]/.test(value), { error: what });

/** Both readings look for it byte by byte, where only ASCII cannot be a part of another character. */
const asciiCharacter = (what: string) =>
  oneCharacter(what).refine((value) => value.charCodeAt(0) < 128, { error: what });

const csvSpec = z.strictObject({
  kind: z.literal('csv'),
  delimiter: oneCharacter('one character other than a line end').default(','),
  quote: asciiCharacter('one ASCII character other than a line end').default('"'),
  /** The quote itself where nothing else is said. */
  escape: asciiCharacter('one ASCII character other than a line end').optional(),
  header: z
    .union([z.literal(true), z.array(text('names that are not empty')).min(1)], {
      error: 'true where the first record holds the names, or a list of names that are not empty',
    })
    .default(true),
  nulls: z.array(z.string(), { error: 'a list of texts' }).default(['']),
  comment: asciiCharacter('one ASCII character other than a line end').optional(),
  required: z.boolean({ error: 'true or false' }).default(false),
});

const sourceSpec = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('inbox') }),
    z.strictObject({
      kind: z.literal('s3'),
      bucket: z.string({ error: 'a logical name such as partner-files' }).regex(/^[a-z][a-z0-9-]{0,62}$/, {
        error: 'a logical name such as partner-files; the configuration maps it to a bucket',
      }),
      prefix: z
        .string({ error: "a prefix such as 'exports/{slice}/'" })
        .refine((value) => !value.startsWith('/'), {
          error: "a prefix such as 'exports/{slice}/', without a / in front",
        }),
    }),
  ],
  { error: 'inbox() or s3Source({ bucket, prefix })' },
);

const typeWord = z
  .string({ error: allowedTypes })
  .refine((word) => parseType(word) !== null, { error: allowedTypes });

const expression = text('SQL over the fields of the source');

/** A type word, or an object with it: read apart, so that each problem has its own field. */
const columnSpec = z.union([typeWord, z.strictObject({ type: typeWord, from: expression.optional() })], {
  error: `a type (${allowedTypes}), or { type, from }`,
});

const maxRejects = z.union(
  [
    z.strictObject({
      count: z.int({ error: 'a whole number from 0' }).nonnegative({ error: 'a whole number from 0' }),
    }),
    z.strictObject({
      ratio: z
        .number({ error: 'a number from 0 to 1' })
        .min(0, { error: 'a number from 0 to 1' })
        .max(1, { error: 'a number from 0 to 1' }),
    }),
  ],
  { error: '{ count: n } with a whole number from 0, or { ratio: r } with a number from 0 to 1' },
);

const contractSpec = z.strictObject({
  columns: z
    .record(z.string(), columnSpec, { error: 'an object of columns: { name: type }' })
    .refine((columns) => Object.keys(columns).length > 0, { error: 'at least one column' }),
  filter: expression.optional(),
  key: z.array(text('names of columns'), { error: 'a list of names of columns' }).default([]),
  onBadRecord: oneOf(['quarantine', 'fail']).default('quarantine'),
  maxRejects: maxRejects.optional(),
});

const envelopeSpec = z.strictObject({
  eventType: text('a name such as OrderPlaced'),
  resource: text('a name such as /orders'),
  version: text('a text').optional(),
  jurisdiction: text('a text').optional(),
  dataSensitivity: text('a text').optional(),
  tags: z.array(text('texts that are not empty'), { error: 'a list of texts' }).optional(),
});

export const durationForm = "a duration such as '30m', '2h' or '1d'";

export const jobSpec = z.strictObject({
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
  lag: z
    .string({ error: durationForm })
    .regex(/^\d{1,4}[smhd]$/, { error: durationForm })
    .default('0s'),
  source: sourceSpec,
  format: z.discriminatedUnion('kind', [csvSpec], { error: 'csv({ … })' }),
  contract: contractSpec,
  envelope: envelopeSpec,
  privacy: z
    .record(z.string(), oneOf(['hash', 'mask', 'drop']), { error: 'an object: { column: rule }' })
    .default({}),
  sinks: z
    .array(z.strictObject({ kind: z.literal('lake', { error: 'lake()' }) }), { error: '[lake()]' })
    .length(1, { error: '[lake()]: exactly one lake' }),
  schedule: text(
    "cron(…) or rate(…), as EventBridge Scheduler has them, e.g. 'cron(15 2 * * ? *)'",
  ).optional(),
});

export type JobSpec = z.input<typeof jobSpec>;
export type ParsedSpec = z.output<typeof jobSpec>;
export type ContractSpec = z.input<typeof contractSpec>;
export type ColumnSpec = z.input<typeof columnSpec>;
export type EnvelopeSpec = z.input<typeof envelopeSpec>;
export type CsvSpec = z.input<typeof csvSpec>;

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // An offset such as +02:00 is no zone: it knows no change of the clock, and Scheduler does not take it.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}
