import { z } from 'zod';
import type { CsvFormat } from '../model.ts';
import { type Found, shown } from '../problems.ts';
import { fields, text } from '../shapes.ts';
import { common } from './common.ts';

const oneCharacter = (what: string) =>
  z
    .string({ error: what })
    .refine((value) => [...value].length === 1 && !/[\r\n]/.test(value), { error: what });

/** Both readings look for it byte by byte, where only ASCII cannot be a part of another character. */
const asciiCharacter = (what: string) =>
  oneCharacter(what).refine((value) => value.charCodeAt(0) < 128, { error: what });

const headerForm = 'true where the first record holds the names, or a list of names that are not empty';

export const csvSpec = fields(
  {
    kind: z.literal('csv'),
    delimiter: oneCharacter('one character other than a line end').default(','),
    quote: asciiCharacter('one ASCII character other than a line end').default('"'),
    /** The quote itself where nothing else is said. */
    escape: asciiCharacter('one ASCII character other than a line end').optional(),
    header: z
      .union([z.literal(true), z.array(text('names that are not empty')).min(1, { error: headerForm })], {
        error: headerForm,
      })
      .default(true),
    nulls: z.array(z.string({ error: 'a text' }), { error: 'a list of texts' }).default(['']),
    comment: asciiCharacter('one ASCII character other than a line end').optional(),
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

/** Characters that could be taken for each other. */
export function csvRules(format: CsvFormat): Found[] {
  const found: Found[] = [];
  const { delimiter, quote, comment, header } = format;
  if (delimiter === quote || delimiter === format.escape) {
    found.push({
      field: 'format.delimiter',
      value: shown(delimiter),
      allowed: 'a character other than quote and escape',
    });
  }
  if (comment !== null && [delimiter, quote].includes(comment)) {
    found.push({
      field: 'format.comment',
      value: shown(comment),
      allowed: 'a character other than delimiter and quote',
    });
  }
  if (header !== true) {
    const twice = header.find((name, i) => header.indexOf(name) !== i);
    if (twice !== undefined)
      found.push({ field: 'format.header', value: shown(twice), allowed: 'each name once' });
  }
  return found;
}
