/** docs/errors.md against the names that the code can raise, in both directions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { terminalNames, transientNames } from '../../core/errors.ts';

const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
const namesIn = (text: string): string[] =>
  [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
const [before = '', behind = ''] = doc.split('\n## Transient\n');

test('docs/errors.md has each terminal error once, and no other', () => {
  expect(namesIn(before).sort()).toEqual([...terminalNames].sort());
});

test('docs/errors.md has each transient error once, under that heading, and no other', () => {
  expect(namesIn(behind).sort()).toEqual([...transientNames].sort());
});

test('docs/errors.md says of each error what happened and what to do', () => {
  const rows = [...doc.matchAll(/^\| `\w+` \| (.*) \| (.*) \|$/gm)];
  expect(rows).toHaveLength(terminalNames.length + transientNames.length);
  for (const [row, what = '', next = ''] of rows) {
    expect(what.length, row).toBeGreaterThan(20);
    expect(next.length, row).toBeGreaterThan(7);
  }
});
