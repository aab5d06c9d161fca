import type { z } from 'zod';
import { isWithin } from '../contract/member-paths.ts';
import { jobSpec, type ParsedSpec } from './spec.ts';

/** A right value for each field that must be there. */
const standIn = {
  name: 'job',
  owner: 'owner',
  cadence: 'daily',
  source: { kind: 'inbox' },
  format: { kind: 'csv' },
  contract: { columns: { column: 'string' } },
  envelope: { eventType: 'Event', resource: '/' },
  sinks: [{ kind: 'lake' }],
};

/**
 * The job with a stand-in for each field whose shape is wrong, so that the rules across the other fields can be
 * checked as well; `null` where that does not make it right.
 */
export function mend(spec: unknown, error: z.ZodError): ParsedSpec | null {
  const copy: object = typeof spec === 'object' && spec !== null ? (copyOf(spec) as object) : {};
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) replace(copy, [...issue.path, key], undefined);
    } else {
      const { path, value } = standInFor(issue.path);
      replace(copy, path, value);
      for (const referring of refersTo(path, copy)) replace(copy, referring, undefined);
    }
  }
  const parsed = jobSpec.safeParse(copy);
  return parsed.success ? parsed.data : null;
}

/** Unlike a structured clone it takes functions as well: one that was not called is a common mistake. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member)]));
}

/**
 * With all columns goes what names them: their names are not known. With a column's type go the privacy rules
 * within it, and the one that not every type takes.
 */
function refersTo(path: readonly PropertyKey[], copy: object): PropertyKey[][] {
  const [contract, columns, column] = path;
  if (contract !== 'contract' || (columns !== undefined && columns !== 'columns')) return [];
  if (column === undefined) return [['contract', 'key'], ['privacy']];
  const { privacy } = copy as { privacy?: Record<string, unknown> };
  const name = String(column);
  return Object.entries(privacy ?? {}).flatMap(([path, rule]) =>
    isWithin(path, name) || (path === name && typeof rule === 'object') ? [['privacy', path]] : [],
  );
}

/** Its stand-in, or the outermost optional field around it, which is then left out. */
function standInFor(path: readonly PropertyKey[]): { path: readonly PropertyKey[]; value: unknown } {
  if (path[0] === 'contract' && path[1] === 'columns' && path.length > 2) {
    return { path: path.slice(0, 3), value: 'string' };
  }
  if (path.join('.') === 'format.record') return { path, value: 'record' };
  if (path[0] === 'privacy' && path.length > 1) return { path: path.slice(0, 2), value: undefined };
  let value: unknown = standIn;
  for (const [i, key] of path.entries()) {
    value = (value as Record<PropertyKey, unknown>)[key];
    if (value === undefined) return { path: path.slice(0, i + 1), value };
  }
  return { path, value };
}

function replace(target: object, path: readonly PropertyKey[], value: unknown): void {
  let parent = target as Record<PropertyKey, unknown>;
  for (const key of path.slice(0, -1)) {
    if (typeof parent[key] !== 'object' || parent[key] === null) return;
    parent = parent[key] as Record<PropertyKey, unknown>;
  }
  const last = path.at(-1);
  if (last === undefined) return;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}
