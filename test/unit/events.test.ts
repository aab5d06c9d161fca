import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// As another package imports it: by the name that package.json exports.
import type { CompletionEvent, JobFailed } from 'forebay/core/events';
import { v5 as uuidv5 } from 'uuid';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type EventType,
  eventId,
  eventSchemas,
  eventSource,
  eventTypes,
  jsonSchemaOf,
} from '../../core/events.ts';
import { eventProblems } from '../support/events.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'events');
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const page = () => readFileSync(join(folder, 'README.md'), 'utf8');
type Example = { metadata: Record<string, unknown>; data: Record<string, unknown> };
const exampleOf = (type: EventType): Example => read(`${type}.example.json`);

describe.each(eventTypes)('%s', (type) => {
  test('has in docs/events the schema that the code checks with', () => {
    expect(read(`${type}.schema.json`)).toEqual(JSON.parse(JSON.stringify(jsonSchemaOf(type))));
  });

  test('has an example that is valid by the schema and by the code', () => {
    expect(eventProblems(type, exampleOf(type))).toEqual([]);
    expect(eventSchemas[type].parse(exampleOf(type))).toEqual(exampleOf(type));
  });

  test.each(['metadata', 'data'] as const)(
    'without any one of the required fields of %s it is not valid',
    (part) => {
      const required: string[] = read(`${type}.schema.json`).properties[part].required;
      expect(required.length).toBeGreaterThan(7);
      for (const field of required) {
        const example = exampleOf(type);
        delete example[part][field];
        expect(eventProblems(type, example), field).not.toEqual([]);
      }
    },
  );

  test('with a field more it is not valid: what is new raises schemaVersion', () => {
    const { metadata, data } = exampleOf(type);
    expect(eventProblems(type, { metadata, data: { ...data, more: 1 } })).not.toEqual([]);
    expect(eventProblems(type, { metadata: { ...metadata, more: 1 }, data })).not.toEqual([]);
  });

  test.each([
    ['counts', { read: -1, written: 0, rejected: 0, filtered: 0, repeatedKeys: 0 }],
    ['counts', { read: 1.5, written: 0, rejected: 0, filtered: 0, repeatedKeys: 0 }],
    ['slices', { done: -1, failed: 0, busy: 0, skipped: 0, left: 0 }],
    ['violations', { CastFailed: 0 }],
    ['reason', 'magic'],
    ['trigger', 'magic'],
    ['status', 'DONE'],
    ['schemaVersion', 2],
  ])('with %s %j it is not valid', (field, value) => {
    const { metadata, data } = exampleOf(type);
    expect(eventProblems(type, { metadata, data: { ...data, [field]: value } })).not.toEqual([]);
  });
});

test('each example has the id that the page says how to make', () => {
  const [, namespace = ''] = /namespace `([0-9a-f-]{36})`/.exec(page()) ?? [];
  for (const type of eventTypes) {
    const { metadata, data } = exampleOf(type);
    const of = String(data.runId ?? data.backfillId);
    expect(metadata.id).toBe(uuidv5(`${of}/${type}`, namespace));
    expect(eventId(of, type)).toBe(metadata.id);
  }
});

test('the examples add up, and tell one time in its three forms', () => {
  for (const type of eventTypes) {
    const { metadata, data } = exampleOf(type);
    expect(metadata.requestTimeEpoch).toBe(Date.parse(String(metadata.timestamp)));
    expect(metadata.timestampHuman).toBe('2 March 2026, 01:15:00 UTC');
    const counts = (data.counts ?? null) as Record<string, number> | null;
    if (counts === null) continue;
    const { read: all = 0, written = 0, rejected = 0, filtered = 0 } = counts;
    expect(all).toBe(written + rejected + filtered);
    expect(rejected > 0).toBe(type === 'JobPartial');
  }
});

test("the page's rule takes the events of the job that it names, and no others", () => {
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page()) ?? [];
  const rule = JSON.parse(json);
  const matches = (type: EventType, job: string) => {
    const { metadata, data } = exampleOf(type);
    return patternMatches(rule, {
      ...{ source: eventSource, 'detail-type': type, detail: { metadata, data: { ...data, job } } },
    });
  };
  expect(matches('JobCompleted', 'orders')).toBe(true);
  expect(matches('JobPartial', 'orders')).toBe(true);
  expect(matches('JobFailed', 'orders')).toBe(false);
  expect(matches('JobCompleted', 'payments')).toBe(false);
});

/** EventBridge's matching as far as the page needs it: a list holds the values that a field may have. */
function patternMatches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.includes(value);
  return Object.entries(pattern as object).every(([name, inner]) =>
    patternMatches(inner, (value as Record<string, unknown> | undefined)?.[name]),
  );
}

test('an id is the same for each repeat, and another for each run and type', () => {
  expect(eventId('r1', 'JobCompleted')).toBe(eventId('r1', 'JobCompleted'));
  const ids = ['r1', 'r2'].flatMap((run) => eventTypes.map((type) => eventId(run, type)));
  expect(new Set(ids).size).toBe(2 * eventTypes.length);
});

test('the exported types are those of the schemas', () => {
  expectTypeOf<CompletionEvent['data']['status']>().toEqualTypeOf<'COMPLETED' | 'PARTIAL' | 'FAILED'>();
  expectTypeOf<JobFailed['data']['error']['name']>().toEqualTypeOf<string>();
});

test('docs/events/README.md has each type and each field of data, and none that is not there', () => {
  const rows = (heading: string) => {
    const [, part = ''] = page().split(heading);
    const first = (part.split(/^## /m)[0] ?? '').matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm);
    return [...first].flatMap(([, names = '']) => names.replaceAll('`', '').split(', '));
  };
  const schemas = eventTypes.map((type) => read(`${type}.schema.json`).properties.data.properties);
  expect(rows('# Events\n').sort()).toEqual([...eventTypes].sort());
  const named = new Set([...rows('\n## data\n'), ...rows('### data of BackfillCompleted\n')]);
  expect([...named].sort()).toEqual([...new Set(schemas.flatMap(Object.keys))].sort());
});

test('docs/events/README.md names each count, each field of an error, and each word that a field may have', () => {
  const { counts } = read('JobCompleted.schema.json').properties.data.properties;
  const { error } = read('JobFailed.schema.json').properties.data.properties;
  const { slices } = read('BackfillCompleted.schema.json').properties.data.properties;
  const words = eventTypes.flatMap((type) =>
    Object.values<{ enum?: string[] }>(read(`${type}.schema.json`).properties.data.properties).flatMap(
      (field) => field.enum ?? [],
    ),
  );
  const names = [...[counts, error, slices].flatMap(({ properties }) => Object.keys(properties)), ...words];
  expect(names.filter((name) => !page().includes(`\`${name}\``))).toEqual([]);
});
