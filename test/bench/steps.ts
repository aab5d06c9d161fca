/**
 * `npx tsx test/bench/steps.ts [shards …]`: Reconcile, Catalog and CloseRun by their own handlers, against a local
 * cloud, at 1, 100 and 2,000 shards. One line of JSON a measurement: `{ step, shards, seconds, cpuSeconds }`.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { homeFrom, root } from '../../cli/local/home.ts';
import { startServer } from '../../cli/local/server.ts';
import { scratch } from './case.ts';

/** What functions log of each call, and what the SDK says of its next Node, are no measurement. */
const quiet = { POWERTOOLS_LOG_LEVEL: 'SILENT', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
const home = scratch('steps');
const server = await startServer({ home, venv: homeFrom(process.env).venv, auth: false });
try {
  // A process of its own: only so does it trust the server's certificate.
  const sizes = process.argv.length > 2 ? process.argv.slice(2) : ['1', '100', '2000'];
  const { status } = spawnSync('npx', ['tsx', 'test/bench/cases/steps.ts', ...sizes], {
    cwd: root,
    env: { ...process.env, ...server.env, ...quiet },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
}
