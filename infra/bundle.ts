/** Handlers as CommonJS bundles, made once for all jobs. DuckDB comes from the layer. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tasks = join(root, 'tasks');
const kept = join(root, '.forebay', 'bundles');
const hour = 3_600_000;

/**
 * Gives the folder of each task's bundle, by the task's name. The same source gives the same bytes, so they are kept by
 * the hash of what they are made of, and made again only where that is another.
 */
export function bundleTasks(): Map<string, string> {
  const names = readdirSync(tasks, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  const out = join(kept, sourceHash(root));
  if (!existsSync(out)) makeBundles(names, out);
  return new Map(names.map((name) => [name, join(out, name)]));
}

/** Of the rooms that a handler's code comes from, of the libraries that are installed, and of how they are bundled. */
export function sourceHash(folder: string): string {
  const hash = createHash('sha256');
  const rooms = ['tasks', 'core', 'aws'].flatMap((room) =>
    readdirSync(join(folder, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  );
  const files = [...rooms, 'infra/bundle.ts', 'node_modules/.package-lock.json'].sort();
  for (const file of files) {
    if (!/\.(ts|json)$/.test(file)) continue;
    const bytes = readFileSync(join(folder, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** Another process may make the same at the same moment: the folder appears whole, by whoever is first. */
function makeBundles(names: readonly string[], out: string): void {
  mkdirSync(kept, { recursive: true });
  dropOld();
  const own = mkdtempSync(join(kept, 'making-'));
  buildSync({
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, join(tasks, name, 'handler.ts')])),
    outdir: own,
    bundle: true,
    platform: 'node',
    // Functions declare Node 22 and use nothing beyond 20, which the local cloud may run them with.
    target: 'node20',
    format: 'cjs',
    // The modules of a package, of which the parts that nobody calls can be left out; a CommonJS file comes as a whole.
    mainFields: ['module', 'main'],
    external: ['@duckdb/*'],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  try {
    renameSync(own, out);
  } catch (error) {
    if (!existsSync(out)) throw error;
    rmSync(own, { recursive: true });
  }
}

/** Those of an hour ago: a younger one may be in use. */
function dropOld(): void {
  for (const name of readdirSync(kept)) {
    const folder = join(kept, name);
    const { mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (mtimeMs < Date.now() - hour) rmSync(folder, { recursive: true, force: true });
  }
}
