#!/usr/bin/env node
// Starts the CLI. Plain JavaScript, since it runs before anything else can be said: it checks Node's version,
// points to the local cloud where the caller has chosen no account, and sets NODE_EXTRA_CA_CERTS, which Node
// reads only when it starts.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 6)) {
  console.error(
    `forebay needs Node 20.6 or newer, and this is ${process.versions.node}: install a newer one`,
  );
  process.exit(1);
}

/** The stage that the command line or the environment names. */
function stage(args) {
  const at = args.findIndex((arg) => arg === '--stage' || arg.startsWith('--stage='));
  if (at < 0) return process.env.FOREBAY_STAGE || 'local';
  return args[at] === '--stage' ? args[at + 1] : args[at].slice('--stage='.length);
}

/** The local cloud's settings, as cli/local/environment.ts wrote them. */
function readEnvFile(file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^(?:export )?([A-Z][A-Z0-9_]*)='(.*)'$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value.replaceAll(`'\\''`, "'")]];
    }),
  );
}

const args = process.argv.slice(2);
const { AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, FOREBAY_HOME } = process.env;
const chosen = AWS_PROFILE || AWS_ACCESS_KEY_ID || AWS_ENDPOINT_URL || stage(args) !== 'local';
const file = join(FOREBAY_HOME || join(root, '.forebay'), 'env');
const local = chosen ? {} : readEnvFile(file);
// Tells `local up` that the endpoint is its own, and not one that the caller set.
const marker = Object.keys(local).length === 0 ? {} : { FOREBAY_ENV_FILE: file };

const main = join(root, 'cli', 'main.ts');
const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], {
  stdio: 'inherit',
  // The SDK's warning about later Node versions is for this project's maintainers, not for who runs a command.
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...process.env, ...local, ...marker },
});
// The command cleans up and ends; this one waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`forebay could not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
});
