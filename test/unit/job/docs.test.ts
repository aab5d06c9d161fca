import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadJobs } from '../../../core/job/load.ts';
import { jobSpec } from '../../../core/job/spec.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
}

/** Paths of all fields that a job file may have, as docs/job-file.md writes them. */
function fieldsOf(schema: JsonSchema, path = ''): string[] {
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  const own = Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'kind')
    .flatMap(([name, member]) => [below(name), ...fieldsOf(member, below(name))]);
  const named = schema.additionalProperties;
  const values = typeof named === 'object' ? fieldsOf(named, below('*')) : [];
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return [...new Set([...own, ...values, ...choices.flatMap((choice) => fieldsOf(choice, path))])];
}

test('docs/job-file.md has a row for each field, and for nothing else', () => {
  const documented = [...read('docs/job-file.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
  const fields = fieldsOf(z.toJSONSchema(jobSpec, { io: 'input' }) as JsonSchema);
  expect(fields.length).toBeGreaterThan(30);
  expect([...documented].sort()).toEqual(fields.sort());
});

test.each(['README.md', 'docs/job-file.md', 'docs/cli.md', 'docs/formats.md', 'docs/types.md'])(
  'the job files in %s are right',
  async (name) => {
    const blocks = [...read(name).matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
    const jobs = blocks.filter((code) => code.includes('defineJob'));
    const dir = mkdtempSync(join(tmpdir(), 'forebay-docs-'));
    for (const code of jobs) {
      const [, job = ''] = /name: '([^']+)'/.exec(code) ?? [];
      writeFileSync(join(dir, `${job}.ts`), code);
    }
    try {
      expect(await loadJobs(dir)).toHaveLength(jobs.length);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test('README.md and docs/job-file.md show a job file each', () => {
  for (const name of ['README.md', 'docs/job-file.md']) expect(read(name)).toContain('defineJob({');
});
