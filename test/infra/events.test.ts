import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventTypes } from '../../core/events.ts';
import { attribute, local, ofType, one, production, synthesize } from '../support/app.ts';

const { shared } = synthesize(production, []);
const published = (type: string) =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'events', `${type}.schema.json`), 'utf8'),
  );

test.each(eventTypes)('the registry has the schema of %s, in the draft that it knows', (type) => {
  const registry = one(shared, 'AWS::EventSchemas::Registry');
  expect(registry.properties.RegistryName).toBe('forebay-production');
  const schema = ofType(shared, 'AWS::EventSchemas::Schema').find(
    ({ properties }) => properties.SchemaName === `forebay@${type}`,
  )?.properties;
  expect(schema).toMatchObject({
    ...{ RegistryName: attribute(registry, 'RegistryName'), Type: 'JSONSchemaDraft4' },
  });
  const content = JSON.parse(schema?.Content);
  expect(content.$schema).toBe('http://json-schema.org/draft-04/schema#');
  for (const part of ['metadata', 'data']) {
    const [here, there] = [content, published(type)].map(({ properties }) => properties[part]);
    expect(here.required).toEqual(there.required);
    expect(Object.keys(here.properties)).toEqual(Object.keys(there.properties));
  }
});

test('a cloud without a registry is asked for none', () => {
  const laptop = synthesize(local, []).shared;
  expect(ofType(laptop, 'AWS::EventSchemas::Registry')).toEqual([]);
});
