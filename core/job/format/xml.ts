import * as z from 'zod';
import { fieldPath, recordPath } from '../../formats/xml/path.ts';
import type { XmlFormat } from '../model.ts';
import { type Found, shown } from '../problems.ts';
import { fields, oneOf } from '../shapes.ts';
import { common, encoding } from './common.ts';

const recordForm = "a path of element names such as 'Series/Obs', or '/Data/Series/Obs' from the root";

export const xmlSpec = fields(
  {
    kind: z.literal('xml'),
    record: z.string({ error: recordForm }).refine((path) => recordPath(path, true) !== null, {
      error: recordForm,
    }),
    namespaces: oneOf(['strip', 'keep']).default('strip'),
    ...common,
    encoding: encoding.optional(),
  },
  "xml({ record: 'Series/Obs' })",
);

export type XmlSpec = z.input<typeof xmlSpec>;

export const toXml = (spec: z.output<typeof xmlSpec>): XmlFormat => ({
  ...spec,
  encoding: spec.encoding ?? null,
});

export function xmlRules({ record, namespaces }: XmlFormat): Found[] {
  if (recordPath(record, namespaces === 'keep') !== null) return [];
  const allowed = "names without a prefix, since namespaces is 'strip'";
  return [{ field: 'format.record', value: shown(record), allowed }];
}

/** What is allowed instead of a field's name; `null`: it is right. */
export function xmlFieldProblem({ namespaces }: XmlFormat, name: string): string | null {
  if (fieldPath(name, namespaces === 'keep') !== null) return null;
  const prefixes = namespaces === 'strip' && name.includes(':') ? ', in names without a prefix' : '';
  return `a path such as @id, ./Price/@unit, ../@FREQ or ../Key/Value[@id='FREQ']${prefixes}`;
}
