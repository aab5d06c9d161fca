import * as z from 'zod';
import type { NdjsonFormat } from '../model.ts';
import { type Found, shown } from '../problems.ts';
import { fields, text } from '../shapes.ts';
import { common } from './common.ts';

const headerForm =
  "'first-line' where the first line holds the names, or a list of names that are not empty; none for objects";

export const ndjsonSpec = fields(
  {
    kind: z.literal('ndjson'),
    /** For lines that are arrays; without it each line is an object. */
    header: z
      .union(
        [z.literal('first-line'), z.array(text('names that are not empty')).min(1, { error: headerForm })],
        { error: headerForm },
      )
      .optional(),
    ...common,
  },
  'ndjson({ … })',
);

export type NdjsonSpec = z.input<typeof ndjsonSpec>;

export const toNdjson = (spec: z.output<typeof ndjsonSpec>): NdjsonFormat => ({
  ...spec,
  header: spec.header ?? null,
});

export function ndjsonRules({ header }: NdjsonFormat): Found[] {
  if (!Array.isArray(header)) return [];
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  return twice === undefined
    ? []
    : [{ field: 'format.header', value: shown(twice), allowed: 'each name once' }];
}
