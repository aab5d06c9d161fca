/** The formats of job files, a file each: shape, defaults, and rules across its options. */
import { z } from 'zod';
import { pointerNames } from '../../formats/json/pointer.ts';
import type { Format } from '../model.ts';
import type { Found } from '../problems.ts';
import { csvRules, csvSpec, toCsv } from './csv.ts';
import { jsonSpec, toJson } from './json.ts';
import { ndjsonRules, ndjsonSpec, toNdjson } from './ndjson.ts';

export const formatSpec = z.discriminatedUnion('kind', [csvSpec, ndjsonSpec, jsonSpec], {
  error: 'csv({ … }), ndjson({ … }) or json({ path })',
});

/** With every default filled in. */
export function toFormat(spec: z.output<typeof formatSpec>): Format {
  if (spec.kind === 'csv') return toCsv(spec);
  return spec.kind === 'ndjson' ? toNdjson(spec) : toJson(spec);
}

export function formatRules(format: Format): Found[] {
  if (format.kind === 'csv') return csvRules(format);
  return format.kind === 'ndjson' ? ndjsonRules(format) : [];
}

/** What is allowed instead of a field's name that the format cannot have; `null`: it can. */
export function fieldProblem(format: Format, name: string): string | null {
  const names = namesGiven(format);
  if (format.kind === 'csv' && format.header === false && !/^f[1-9]\d*$/.test(name)) {
    return 'a field by its number, f1, f2 …, since format.header is false';
  }
  if (names !== null) return names.includes(name) ? null : `a field of format.header: ${names.join(', ')}`;
  const isMember = format.kind === 'json' || (format.kind === 'ndjson' && format.header === null);
  if (!isMember) return null;
  return /^\.\.?\//.test(name) || (name.startsWith('/') && pointerNames(name) === null)
    ? 'the name of a member, or a JSON Pointer such as /address/street, with ~1 for a / in a name and ~0 for a ~'
    : null;
}

/** Of all fields, where the job itself says them. */
function namesGiven(format: Format): string[] | null {
  return 'header' in format && Array.isArray(format.header) ? format.header : null;
}
