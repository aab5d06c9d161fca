import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// As another package imports it: by the name that package.json exports.
import type { CompletionEvent, JobFailed } from 'forebay/core/events';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { type EventType, eventId, eventSchemas, eventTypes, jsonSchemaOf } from '../../core/events.ts';
import { eventProblems } from '../support/events.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'events');
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
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
      expect(required.length).toBeGreaterThan(8);
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
    ['trigger', 'magic'],
    ['status', 'DONE'],
    ['schemaVersion', 2],
  ])('with %s %j it is not valid', (field, value) => {
    const { metadata, data } = exampleOf(type);
    expect(eventProblems(type, { metadata, data: { ...data, [field]: value } })).not.toEqual([]);
  });
});

test('an id is the same for each repeat, and another for each run and type', () => {
  expect(eventId('r1', 'JobCompleted')).toBe(eventId('r1', 'JobCompleted'));
  const ids = ['r1', 'r2'].flatMap((run) => eventTypes.map((type) => eventId(run, type)));
  expect(new Set(ids).size).toBe(6);
});

test('the exported types are those of the schemas', () => {
  expectTypeOf<CompletionEvent['data']['status']>().toEqualTypeOf<'COMPLETED' | 'PARTIAL' | 'FAILED'>();
  expectTypeOf<JobFailed['data']['error']['name']>().toEqualTypeOf<string>();
});

test('docs/events/README.md names each type and each field of data', () => {
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const type of eventTypes) {
    const fields = Object.keys(read(`${type}.schema.json`).properties.data.properties);
    for (const name of [type, ...fields]) expect(page).toContain(`\`${name}\``);
  }
});
