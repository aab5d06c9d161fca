import * as z from 'zod';
import { DETECT } from '../../formats/csv/dialect.ts';
import type { CsvFormat } from '../model.ts';
import { type Found, shown } from '../problems.ts';
import { fields, oneOf, text } from '../shapes.ts';
import { common } from './common.ts';

const noLineEnd = (value: string): boolean => !/[\r\n]/.test(value);

/** Both readings look for it byte by byte, where only ASCII cannot be a part of another character. */
const asciiCharacter = (what: string) =>
  z.string({ error: what }).refine((value) => /^[\0-\x7f]$/.test(value) && noLineEnd(value), { error: what });

const delimiterForm = "one to 16 characters other than line ends, or 'detect'";
const quoteForm = 'one ASCII character other than a line end, or null where nothing is quoted';
const characterForm = 'one ASCII character other than a line end';
const headerForm =
  'true where the first record holds the names, false where the file has none, or a list of names that are not empty';
const rowsForm = 'a whole number from 0: how many lines stand before header and records';

export const csvSpec = fields(
  {
    kind: z.literal('csv'),
    delimiter: z
      .string({ error: delimiterForm })
      .refine(
        (value) =>
          value !== '' && [...value].length <= 16 && noLineEnd(value) && !/\p{Surrogate}/u.test(value),
        { error: delimiterForm },
      )
      .default(','),
    quote: asciiCharacter(quoteForm).nullable().default('"'),
    /** The quote itself where nothing else is said. */
    escape: asciiCharacter(characterForm).optional(),
    header: z
      .union([z.boolean(), z.array(text('names that are not empty')).min(1, { error: headerForm })], {
        error: headerForm,
      })
      .default(true),
    headerNames: oneOf(['reject', 'rename']).default('reject'),
    skipRows: z.int({ error: rowsForm }).nonnegative({ error: rowsForm }).default(0),
    trim: z.boolean({ error: 'true or false' }).default(false),
    ragged: oneOf(['reject', 'pad']).default('reject'),
    nulls: z.array(z.string({ error: 'a text' }), { error: 'a list of texts' }).default(['']),
    comment: asciiCharacter(characterForm).optional(),
    ...common,
  },
  'csv({ … })',
);

export type CsvSpec = z.input<typeof csvSpec>;

export const toCsv = (spec: z.output<typeof csvSpec>): CsvFormat => ({
  ...spec,
  escape: spec.escape ?? spec.quote,
  comment: spec.comment ?? null,
});

export const csvRules = (format: CsvFormat): Found[] => [
  ...characters(format),
  ...blanks(format),
  ...names(format),
];

/** Characters that could be taken for each other. */
function characters({ delimiter, quote, comment, ...format }: CsvFormat): Found[] {
  const found: Found[] = [];
  // a word, not characters
  const delimits = delimiter === DETECT ? '' : delimiter;
  if ([...delimits].some((character) => character === quote || character === format.escape)) {
    found.push({
      field: 'format.delimiter',
      value: shown(delimiter),
      allowed: 'characters other than quote and escape',
    });
  }
  if (quote === null && format.escape !== null) {
    found.push({
      field: 'format.escape',
      value: shown(format.escape),
      allowed: 'no escape where quote is null: nothing is quoted, so nothing is escaped',
    });
  }
  // a record whose first field is empty begins with the delimiter
  if (comment !== null && (comment === quote || delimits.startsWith(comment))) {
    found.push({
      field: 'format.comment',
      value: shown(comment),
      allowed: "a character other than the quote and the delimiter's first",
    });
  }
  return found;
}

function blanks(format: CsvFormat): Found[] {
  if (!format.trim) return [];
  return (
    (['quote', 'escape', 'comment'] as const)
      .filter((name) => format[name] === ' ' || format[name] === '\t')
      // the escape is the quote where the job does not say it
      .filter((name) => name !== 'escape' || format.escape !== format.quote)
      .map((name) => ({
        field: `format.${name}`,
        value: shown(format[name]),
        allowed: 'no blank where trim is true',
      }))
  );
}

function names({ header, headerNames }: CsvFormat): Found[] {
  const found: Found[] = [];
  if (headerNames === 'rename' && header !== true) {
    found.push({
      field: 'format.headerNames',
      value: shown(headerNames),
      allowed: "'reject' where header is not true: the file has no names",
    });
  }
  if (Array.isArray(header)) {
    const twice = header.find((name, i) => header.indexOf(name) !== i);
    if (twice !== undefined) {
      found.push({ field: 'format.header', value: shown(twice), allowed: 'each name once' });
    }
  }
  return found;
}
