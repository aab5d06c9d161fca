/**
 * `npm run demo`: the whole way of the data, on the local cloud, by the commands that anybody would type. It
 * checks what it shows: it ends with 1 where a record went astray.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { homeFrom, root } from '../cli/local/home.ts';
import { type Day, type DaySpec, makeDay } from './demo/orders.ts';
import { ask, type Consumer, forebay, say, startConsumer, title } from './demo/show.ts';

const days: DaySpec[] = [
  { slice: '2026-03-01', seed: 1, records: 4_000, bad: 0, tests: 12 },
  { slice: '2026-03-02', seed: 2, records: 6_000, bad: 14, tests: 20 },
  { slice: '2026-03-03', seed: 3, records: 5_000, bad: 7, tests: 15 },
];
/** 5 % of it is bad, and the job allows 1 %. */
const badDay: DaySpec = { slice: '2026-03-04', seed: 4, records: 1_000, bad: 50, tests: 3 };

interface RunLine {
  runId: string;
  slice: string;
  status: string;
  revision: number;
  counts: { read: number; written: number; rejected: number; filtered: number } | null;
}

interface CompletionEvent {
  'detail-type': string;
  detail: { data: { runId: string } };
}

const file = (spec: DaySpec, day: Day): string => {
  const dir = join(homeFrom(process.env).dir, 'demo');
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `orders-${spec.slice}.csv`);
  writeFileSync(path, day.csv);
  return relative(root, path).startsWith('..') ? path : relative(root, path);
};

async function main(): Promise<void> {
  const began = Date.now();
  title('The local cloud, and the app deployed to it by the CDK');
  await must(forebay('local', 'up'));
  const consumer = await startConsumer();
  try {
    await loadDays(consumer);
    await failOne(consumer);
  } finally {
    await consumer.stop();
  }
  title(`Done in ${Math.round((Date.now() - began) / 1_000)} s`);
  say(
    'The local cloud goes on running. Look around with `npx forebay --help`; `npx forebay local down` stops it.',
  );
}

async function loadDays(consumer: Consumer): Promise<void> {
  title('Three days of orders');
  for (const spec of days) {
    const day = makeDay(spec);
    // --force: the second demo in a row loads the same files again, as a new revision.
    await must(forebay('load', 'orders', file(spec, day), '--slice', spec.slice, '--force'));
    await check(spec, day.expected);
  }
  const run = await lastRun('2026-03-02');
  title('One run: its states with their times, and where every record went');
  await must(forebay('runs', 'show', run.runId));
  title('The records that broke the contract, and why');
  await must(forebay('rejects', run.runId));
  title('Rows of the table');
  const total =
    'SELECT slice, count(*) AS orders, sum(total) AS total FROM orders GROUP BY slice ORDER BY slice';
  await must(forebay('query', total));
  const rows = "SELECT order_id, placed_at, qty, price, total, email[:12] || '…' AS email, note, metadata.id";
  await must(forebay('query', `${rows} FROM orders WHERE slice = '2026-03-01' ORDER BY order_id LIMIT 4`));
  title('The completion event, as a consumer received it through a rule and a queue of its own');
  await showEvent(consumer, run.runId, 'JobPartial');
}

async function failOne(consumer: Consumer): Promise<void> {
  title('A day over its limit: 5 % of it is bad, and the job allows 1 %');
  const path = file(badDay, makeDay(badDay));
  const code = await forebay('load', 'orders', path, '--slice', badDay.slice);
  if (code !== 1) throw new Error(`the load of a bad day ended with ${code} and not with 1`);
  const run = await lastRun(badDay.slice);
  await must(forebay('runs', 'show', run.runId));
  title('Its event');
  await showEvent(consumer, run.runId, 'JobFailed');
  title('Its message in the dead-letter queue of jobs');
  await must(forebay('dlq', 'list', 'orders'));
  await must(forebay('dlq', 'show', `orders/${run.runId}`));
}

async function must(command: Promise<number>): Promise<void> {
  const code = await command;
  if (code !== 0) throw new Error(`the command above ended with ${code}`);
}

async function lastRun(slice: string): Promise<RunLine> {
  const runs = await ask<RunLine[]>('runs', 'list', 'orders', '--limit', '50');
  const found = runs.find((run) => run.slice === slice);
  if (found === undefined) throw new Error(`no run of slice ${slice} is in the ledger`);
  return found;
}

async function check(spec: DaySpec, expected: Day['expected']): Promise<void> {
  const { counts } = await lastRun(spec.slice);
  for (const name of ['read', 'written', 'rejected', 'filtered'] as const) {
    if (counts?.[name] === expected[name]) continue;
    throw new Error(
      `${spec.slice}: ${counts?.[name]} records ${name}, and the generator made ${expected[name]}`,
    );
  }
}

async function showEvent(consumer: Consumer, runId: string, type: string): Promise<void> {
  // Beside its end a run may tell that its contract was violated, in any order.
  const event = await consumer.event<CompletionEvent>(
    ({ 'detail-type': told, detail }) => told === type && detail.data.runId === runId,
  );
  say(JSON.stringify(event, null, 2));
}

main().catch((error: Error) => {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
});
