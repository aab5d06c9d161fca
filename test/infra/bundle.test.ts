import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleTasks, sourceHash } from '../../infra/bundle.ts';

let folder: string;

const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forebay-sources-'));
  for (const name of ['tasks/plan/handler.ts', 'core/slice.ts', 'aws/s3.ts', 'infra/bundle.ts'])
    write(name, `// ${name}`);
  write('node_modules/.package-lock.json', '{}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the same source has the same hash, wherever it lies', () => {
  const other = `${folder}-copy`;
  cpSync(folder, other, { recursive: true });
  try {
    expect(sourceHash(other)).toBe(sourceHash(folder));
  } finally {
    rmSync(other, { recursive: true });
  }
});

test.each([
  ['a handler', 'tasks/plan/handler.ts'],
  ['what a handler imports', 'core/slice.ts'],
  ['a new file', 'aws/glue.ts'],
  ['how it is bundled', 'infra/bundle.ts'],
  ['a library', 'node_modules/.package-lock.json'],
])('a change of %s changes it', (_, name) => {
  const before = sourceHash(folder);
  write(name, 'another');
  expect(sourceHash(folder)).not.toBe(before);
});

test('what was bundled is not bundled again', () => {
  expect(bundleTasks()).toEqual(bundleTasks());
  const paths = [...bundleTasks().values()];
  expect(new Set(paths.map(dirname)).size).toBe(1);
}, 120_000);
