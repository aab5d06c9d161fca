/**
 * `npx tsx test/bench/whole.ts [MiB]`: one file of made-up orders (256 MiB) through the app on a local cloud of its
 * own, by the command that a person would type. One line of JSON: `{ mebibytes, records, seconds, states }`.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../cli/local/home.ts';
import type { RunReport } from '../../cli/report.ts';
import { makeDay } from '../../scripts/demo/orders.ts';
import { startCloud } from '../support/cloud.ts';
import { scratch } from './case.ts';

const MiB = 1_024 ** 2;
const mebibytes = Number(process.argv[2] ?? 256);
const spec = { slice: '2026-03-01', seed: 1 };

/** As many records as come to the size, one in a thousand of them bad. */
function fileOf(directory: string): string {
  const sample = makeDay({ ...spec, records: 10_000, bad: 10, tests: 100 });
  const records = Math.ceil((mebibytes * MiB * 10_000) / Buffer.byteLength(sample.csv));
  const path = join(directory, 'orders.csv');
  writeFileSync(path, makeDay({ ...spec, records, bad: Math.floor(records / 1_000), tests: 100 }).csv);
  return path;
}

const directory = scratch('whole');
// The size that shards have on AWS: the local stage's own are small.
const cloud = await startCloud(join(root, 'jobs'), { FOREBAY_SHARD_BYTES: String(64 * MiB) });
try {
  const load = ['load', 'orders', fileOf(directory), '--slice', spec.slice];
  const { runId } = await cloud.json<{ runId: string }>(...load);
  const { run, ms, states, files } = await cloud.json<RunReport>('runs', 'show', runId);
  const line = {
    ...{ mebibytes, records: run.counts?.read, status: run.status, seconds: (ms ?? 0) / 1_000 },
    lakeMiB: Math.round(files.reduce((sum, { bytes }) => sum + bytes, 0) / MiB),
    states: Object.fromEntries(states.map((state) => [state.state, state.ms / 1_000])),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} finally {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
}
