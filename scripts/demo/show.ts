/** The demo's stage: titles, commands as one would type them, and what they print. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = fileURLToPath(new URL('../../bin/forebay.mjs', import.meta.url));
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string): string => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export const title = (text: string): void =>
  console.log(`\n${paint(1, `── ${text} `)}${paint(2, '─'.repeat(20))}`);
export const say = (text: string): void => console.log(text);

const typed = (args: readonly string[]): string =>
  args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ');

/** Shows the command, runs it with its output on the screen, and gives its exit code. */
export async function forebay(...args: string[]): Promise<number> {
  console.log(paint(36, `$ forebay ${typed(args)}`));
  const child = spawn(process.execPath, [launcher, ...args], { cwd: root, stdio: 'inherit' });
  return ended(child);
}

/** Runs a command unseen, and gives what it printed as JSON. */
export async function ask<T>(...args: string[]): Promise<T> {
  const child = spawn(process.execPath, [launcher, ...args, '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const code = await ended(child);
  if (code !== 0) throw new Error(`forebay ${typed(args)} ended with ${code}`);
  return JSON.parse(text) as T;
}

const ended = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });

export interface Consumer {
  /** The first event that fits, among those that came and those that come within some seconds. */
  event<T>(fits: (event: T) => boolean): Promise<T>;
  stop(): Promise<void>;
}

/** A consumer of completion events: a rule and a queue of its own. Resolves once it listens. */
export async function startConsumer(): Promise<Consumer> {
  const child = spawn(process.execPath, [launcher, 'events', 'tail', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const done = ended(child);
  const came: unknown[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    came.push(...lines.map((line) => JSON.parse(line) as unknown));
  });
  await listening(child, done);
  return {
    event: (fits) => firstThat(came, fits),
    stop: async () => {
      child.kill('SIGTERM');
      await done;
    },
  };
}

function listening(child: ChildProcess, done: Promise<number>): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
      if (errors.includes('listening on bus')) resolve();
    });
    void done.then((code) => reject(new Error(`the consumer ended with ${code}: ${errors.trim()}`)));
  });
}

async function firstThat<T>(came: unknown[], fits: (event: T) => boolean): Promise<T> {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    const found = (came as T[]).find(fits);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the event did not reach the consumer within 15 seconds');
}
