import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordNamespace } from '../../../core/envelope/id.ts';
import { times } from '../../../core/envelope/metadata.ts';
import { lineageFields, metadataFields } from '../../../core/envelope/struct.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'envelope.md'), 'utf8');
const section = (name: string) => page.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? '';
const fieldsIn = (name: string) => [...section(name).matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);

test.each([
  ['metadata', metadataFields],
  ['lineage', lineageFields],
] as const)('docs/envelope.md has the fields of %s, in the order of the struct', (name, fields) => {
  expect(fieldsIn(name)).toEqual(fields.map((field) => field.name));
});

test('docs/envelope.md shows the namespace of ids, and the three forms of one time', () => {
  expect(page).toContain(recordNamespace);
  const { timestampHuman, requestTimeEpoch } = times('2026-03-02T01:15:00.000Z');
  expect(section('metadata')).toContain(`\`${timestampHuman}\``);
  expect(section('metadata')).toContain(`\`${requestTimeEpoch}\``);
});
