import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Which rooms a room may import from (itself aside), as the design's house has it. */
const rules: Record<string, RegExp[]> = {
  jobs: [/^core\/job\//],
  core: [/^core\//],
  aws: [/^aws\//, /^core\//],
  tasks: [/^tasks\//, /^aws\//, /^core\//],
  workflows: [/^workflows\//, /^core\/errors\.ts$/, /^core\/text\.ts$/, /^tasks\/[a-z-]+\/contract\.ts$/],
  infra: [
    /^infra\//,
    /^workflows\//,
    /^core\//,
    /^tasks\/[a-z-]+\/contract\.ts$/,
    /^tasks\/environment\.ts$/,
  ],
  cli: [/^cli\//, /^tasks\//, /^aws\//, /^core\//],
};

function sources(dir: string): string[] {
  return readdirSync(join(root, dir)).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(join(root, path)).isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*?)?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

const toRoom = (file: string, specifier: string): string =>
  relative(root, resolve(root, dirname(file), specifier));

for (const [room, allowed] of Object.entries(rules)) {
  test(`${room}/ imports only from the rooms that it may`, () => {
    const files = sources(room);
    expect(files.length).toBeGreaterThan(0);
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => toRoom(file, specifier))
        .filter((target) => !allowed.some((rule) => rule.test(target)))
        .map((target) => `${file} → ${target}`),
    );
    expect(strays).toEqual([]);
  });
}

test('only aws/ imports the AWS SDK', () => {
  const strays = Object.keys(rules)
    .filter((room) => room !== 'aws')
    .flatMap(sources)
    .filter((file) => importsOf(file).some((specifier) => specifier.startsWith('@aws-sdk/')));
  expect(strays).toEqual([]);
});

test('core/ knows no environment', () => {
  const strays = sources('core').filter((file) =>
    /process\.env/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(strays).toEqual([]);
});

test("a task is its contract, its logic and its handler, and its folder's name is theirs", () => {
  for (const task of readdirSync(join(root, 'tasks')).filter((name) => !name.endsWith('.ts'))) {
    const files = readdirSync(join(root, 'tasks', task));
    expect(files, task).toEqual(expect.arrayContaining(['contract.ts', `${task}.ts`, 'handler.ts']));
  }
});

test('a handler stays within thirty lines, and no source file grows past 250', () => {
  const lines = (file: string) => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length;
  const long = Object.keys(rules)
    .flatMap(sources)
    .filter((file) => lines(file) > (/handler\.ts$/.test(file) ? 30 : 250));
  expect(long).toEqual([]);
});
