/** Job files as a user writes them: in a folder of their own, with nothing of ours beside them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadJobs } from '../../../core/job/load.ts';
import type { JobVersion } from '../../../core/job/model.ts';
import { JobFileError } from '../../../core/job/problems.ts';

const fields = {
  owner: "'sales'",
  cadence: "'daily'",
  source: 'inbox()',
  format: 'csv()',
  contract: "{ columns: { id: 'bigint', qty: 'int', note: 'string?' } }",
  envelope: "{ eventType: 'OrderPlaced', resource: '/orders' }",
  sinks: '[lake()]',
};

export type Field = keyof typeof fields;

/** The text of a right job file but for `change`: fields as TypeScript; `null` leaves one out. */
export function jobFile(name: string, change: Record<string, string | null> = {}): string {
  const all: Record<string, string | null> = { name: `'${name}'`, ...fields, ...change };
  const lines = Object.entries(all).filter(([, value]) => value !== null);
  return [
    "import { csv, defineJob, inbox, json, lake, ndjson, s3Source, xml } from 'forebay/core/job';",
    `export default defineJob({ ${lines.map(([field, value]) => `${field}: ${value}`).join(', ')} });`,
  ].join('\n');
}

/** A folder outside of the repository with these files in it, for as long as `use` runs. */
export async function withFolder<T>(
  files: Record<string, string>,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'forebay-job-files-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(dir, name, '..'), { recursive: true });
      await writeFile(join(dir, name), text);
    }
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

export interface Told {
  field: string;
  value: string | undefined;
  allowed: string;
}

/** The problems of each file, by its name in the folder, and the error's own text. */
export function problemsIn(
  files: Record<string, string>,
): Promise<{ byFile: Record<string, Told[]>; text: string }> {
  return withFolder(files, async (dir) => {
    const error = await loadJobs(dir).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error === null) return { byFile: {}, text: '' };
    if (!(error instanceof JobFileError)) throw error;
    const byFile: Record<string, Told[]> = {};
    for (const { file, ...told } of error.problems) {
      const name = file.slice(file.lastIndexOf('/') + 1);
      byFile[name] = [...(byFile[name] ?? []), told];
    }
    return { byFile, text: error.message };
  });
}

/** A job whose file is right but for `change`, in a folder with the right files of other jobs `beside` it. */
export async function loadOne(
  name: string,
  change: Record<string, string | null> = {},
  beside: readonly string[] = [],
): Promise<JobVersion> {
  const others = Object.fromEntries(beside.map((other) => [`${other}.ts`, jobFile(other)]));
  const versions = await withFolder({ [`${name}.ts`]: jobFile(name, change), ...others }, loadJobs);
  const version = versions.find(({ job }) => job.name === name);
  if (version === undefined) throw new Error('the folder has no job');
  return version;
}
