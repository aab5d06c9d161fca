/** What is wrong with job files: all of it at once, each with file, field, value and what is allowed. */
import type { z } from 'zod';
import { nearest } from '../nearest.ts';

export interface Problem {
  file: string;
  /** Path in the job, e.g. `contract.columns.qty`; empty where the file as a whole is at fault. */
  field: string;
  /** The value as JSON, cut; `undefined` where it is missing. */
  value: string | undefined;
  allowed: string;
}

export class JobFileError extends Error {
  override readonly name = 'JobFileError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const files = new Set(problems.map(({ file }) => file)).size;
    const head = `${count(problems.length, 'problem')} in ${count(files, 'job file')}:`;
    super([head, ...problems.map(line)].join('\n'));
    this.problems = problems;
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function line({ file, field, value, allowed }: Problem): string {
  const where = field === '' ? file : `${file}: ${field}`;
  return value === undefined ? `  ${where}: ${allowed}` : `  ${where} is ${value}. Allowed: ${allowed}`;
}

export const shown = (value: unknown): string => {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 79)}…` : json;
};

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
      allowed: `there is no such field${suggestion(key, issue.path)}`,
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

const fields: Record<string, string[]> = {
  '': [
    'name',
    'owner',
    'cadence',
    'timezone',
    'lag',
    'source',
    'format',
    'contract',
    'envelope',
    'privacy',
    'sinks',
    'schedule',
  ],
  format: ['delimiter', 'quote', 'escape', 'header', 'nulls', 'comment', 'required'],
  contract: ['columns', 'filter', 'key', 'onBadRecord', 'maxRejects'],
  envelope: ['eventType', 'resource', 'version', 'jurisdiction', 'dataSensitivity', 'tags'],
  source: ['bucket', 'prefix'],
};

function suggestion(key: string, path: readonly PropertyKey[]): string {
  const known = fields[path.map(String).join('.')] ?? ['type', 'from'];
  const near = nearest(key, known);
  return near === null ? ` (there are: ${known.join(', ')})` : `; did you mean '${near}'?`;
}
