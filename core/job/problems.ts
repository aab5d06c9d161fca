/** What is wrong with job files: all of it at once, each with file, field, value and what is allowed. */
import type { z } from 'zod';
import { nearest } from '../nearest.ts';
import { counted } from '../text.ts';

export interface Problem {
  file: string;
  /** Path in the job, e.g. `contract.columns.qty`; empty where the file as a whole is at fault. */
  field: string;
  /** The value as JSON, cut; `undefined` where it is missing. */
  value: string | undefined;
  allowed: string;
}

export type Found = Omit<Problem, 'file'>;

export class JobFileError extends Error {
  override readonly name = 'JobFileError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const files = new Set(problems.map(({ file }) => file)).size;
    const head = `${counted(problems.length, 'problems')} in ${counted(files, 'job files')}:`;
    super([head, ...problems.map(line)].join('\n'));
    this.problems = problems;
  }
}

function line({ file, field, value, allowed }: Problem): string {
  const where = field === '' ? file : `${file}: ${field}`;
  return value === undefined ? `  ${where}: ${allowed}` : `  ${where} is ${value}. Allowed: ${allowed}`;
}

/** As JSON, cut. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, plain) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** What JSON cannot hold: a function that was not called, 10n, NaN. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'function') return `the function ${value.name}`;
  return typeof value === 'bigint' || Number.isNaN(value) ? String(value) : value;
}

/** Zod's issues as problems. */
export function problemsOf(file: string, spec: unknown, error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(file, spec, issue));
}

function problemsOfIssue(file: string, spec: unknown, issue: z.core.$ZodIssue): Problem[] {
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const parent = valueAt(spec, issue.path);
    return issue.keys.map((key) => ({
      file,
      field: [...issue.path, key].map(String).join('.'),
      value: shown((parent as Record<string, unknown>)[key]),
      allowed: knownField(key, issue.message),
    }));
  }
  const value = valueAt(spec, issue.path);
  if (value === undefined)
    return [{ file, field, value: undefined, allowed: `is missing; it is ${issue.message}` }];
  return [{ file, field, value: shown(value), allowed: issue.message }];
}

function valueAt(spec: unknown, path: readonly PropertyKey[]): unknown {
  let value = spec;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function knownField(key: string, names: string): string {
  const fields = names.split(' ').filter((name) => name !== 'kind');
  return fields.length === 0 ? 'no field here' : known('a field that there is', key, fields);
}

/** What would be right where a name is unknown: the name that is near, or else all of them. */
export function known(what: string, name: string, names: readonly string[], near = names): string {
  const meant = nearest(name, near);
  return `${what}${meant === null ? `: ${names.join(', ')}` : `; did you mean '${meant}'?`}`;
}
