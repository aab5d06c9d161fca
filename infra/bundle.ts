/** Handlers as CommonJS bundles, made once for all jobs. DuckDB comes from the layer. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const tasks = fileURLToPath(new URL('../tasks', import.meta.url));

/** Gives the folder of each task's bundle, by the task's name. The same source gives the same bytes. */
export function bundleTasks(): Map<string, string> {
  const names = readdirSync(tasks, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  const out = mkdtempSync(join(tmpdir(), 'forebay-bundles-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  buildSync({
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, join(tasks, name, 'handler.ts')])),
    outdir: out,
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
  return new Map(names.map((name) => [name, join(out, name)]));
}
