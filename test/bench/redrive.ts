/**
 * `npx tsx test/bench/redrive.ts`: a redrive of 500 messages, and a listing of 10,000 runs in pages, against a local
 * cloud. One line of JSON a measurement. What a resumed run itself takes is no part of it: the slices of half of the
 * messages were committed since, the other half are deliveries.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { homeFrom, root } from '../../cli/local/home.ts';
import { startServer } from '../../cli/local/server.ts';
import { scratch } from './case.ts';

const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
const home = scratch('redrive');
const server = await startServer({ home, venv: homeFrom(process.env).venv, auth: false });
try {
  // A process of its own: only so does it trust the server's certificate.
  const { status } = spawnSync('npx', ['tsx', 'test/bench/cases/redrive.ts'], {
    cwd: root,
    env: { ...process.env, ...server.env, ...quiet },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
}
