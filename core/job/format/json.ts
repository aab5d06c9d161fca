import * as z from 'zod';
import { memberPath } from '../../formats/json/path.ts';
import type { JsonFormat } from '../model.ts';
import { fields } from '../shapes.ts';
import { common } from './common.ts';

const pathForm = "$, or a path of members' names such as $.data.items or $['order lines']";

export const jsonSpec = fields(
  {
    kind: z.literal('json'),
    /** Where the records are: an array of them, or an object that is one. */
    path: z
      .string({ error: pathForm })
      .refine((path) => memberPath(path) !== null, { error: pathForm })
      .default('$'),
    ...common,
  },
  'json({ path })',
);

export type JsonSpec = z.input<typeof jsonSpec>;

export const toJson = (spec: z.output<typeof jsonSpec>): JsonFormat => spec;
