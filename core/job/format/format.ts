/** The formats of job files, a file each: shape, defaults, and rules across its options. */
import * as z from 'zod';
import { pointerNames } from '../../formats/json/pointer.ts';
import { nameKey } from '../../formats/names.ts';
import type { Contract, Format } from '../model.ts';
import type { Found } from '../problems.ts';
import { csvRules, csvSpec, toCsv } from './csv.ts';
import { jsonSpec, toJson } from './json.ts';
import { ndjsonRules, ndjsonSpec, toNdjson } from './ndjson.ts';
import { toXml, xmlFieldProblem, xmlRules, xmlSpec } from './xml.ts';

export const formatSpec = z.discriminatedUnion('kind', [csvSpec, ndjsonSpec, jsonSpec, xmlSpec], {
  error: 'csv({ … }), ndjson({ … }), json({ path }) or xml({ record })',
});

/** With every default filled in. */
export function toFormat(spec: z.output<typeof formatSpec>): Format {
  switch (spec.kind) {
    case 'csv':
      return toCsv(spec);
    case 'ndjson':
      return toNdjson(spec);
    case 'json':
      return toJson(spec);
    case 'xml':
      return toXml(spec);
  }
}

export function formatRules(format: Format): Found[] {
  switch (format.kind) {
    case 'csv':
      return csvRules(format);
    case 'ndjson':
      return ndjsonRules(format);
    case 'json':
      return [];
    case 'xml':
      return xmlRules(format);
  }
}

/** What is allowed instead of a field's name that the format cannot have; `null`: it can. */
export function fieldProblem(format: Format, name: string, names: Contract['names']): string | null {
  const key = nameKey(names);
  if (format.kind === 'xml') return xmlFieldProblem(format, name);
  if (format.kind === 'csv' && format.header === false) {
    return /^f[1-9]\d*$/.test(key(name))
      ? null
      : 'a field by its number, f1, f2 …, since format.header is false';
  }
  const given = namesGiven(format);
  if (given !== null) {
    const known = given.map(key).includes(key(name));
    return known ? null : `a field of format.header: ${given.join(', ')}`;
  }
  if (!hasOwnNames(format)) return null;
  return /^\.\.?\//.test(name) || (name.startsWith('/') && pointerNames(name) === null)
    ? 'the name of a member, or a JSON Pointer such as /address/street, with ~1 for a / in a name and ~0 for a ~'
    : null;
}

/** Of all fields, where the job itself says them. */
export function namesGiven(format: Format): string[] | null {
  return 'header' in format && Array.isArray(format.header) ? format.header : null;
}

/** Whether each record has names of its own, and no header tells them for all. */
export const hasOwnNames = (format: Format): boolean =>
  format.kind === 'json' || format.kind === 'xml' || (format.kind === 'ndjson' && format.header === null);
