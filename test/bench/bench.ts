/**
 * `npm run bench`: each figure beside its peer, on one core, in one run. A case runs three times in a process of its
 * own; shown are the medians of its processor time. Nothing here is asserted: tests assert counts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../../cli/local/home.ts';
import type { Measured } from './case.ts';
import {
  folder,
  jobFiles,
  legsFile,
  mebibytesOf,
  observationsFile,
  ordersFile,
  ordersJson,
  ordersNdjson,
} from './files.ts';

const runs = 3;

mkdirSync(folder, { recursive: true });
await bundleCases([
  'envelope',
  'reading',
  'csv-parse',
  'duckdb-copy',
  'by-hand',
  'extract',
  'saxes',
  'fast-xml-parser',
]);
const jobs = await jobFiles();
const [orders, legs] = [ordersFile(64), legsFile(64)];

console.log(`one core, Node ${process.versions.node}, median of ${runs} runs, seconds of processor time\n`);
compare(`one shard of orders, ${Math.round(mebibytesOf(orders))} MiB, 7 fields, some quoted`, orders, [
  ['DuckDB COPY (read_csv) TO parquet', 'duckdb-copy', jobs.ordersPlain],
  ['csv-parse alone', 'csv-parse', jobs.ordersPlain],
  ["Envelope's reading alone", 'reading', jobs.ordersPlain],
  ['Envelope: casts, expression, filter, key, envelope, rejects', 'envelope', jobs.ordersPlain],
  ['Envelope: the same with one column hashed, one masked', 'envelope', jobs.orders],
  ['by hand: csv-parse, JSON envelopes, gzip', 'by-hand', jobs.ordersPlain],
]);
compare(`one shard of legs, ${Math.round(mebibytesOf(legs))} MiB, 9 short fields, no quotes`, legs, [
  ['DuckDB COPY (read_csv) TO parquet', 'duckdb-copy', jobs.legs],
  ['csv-parse alone', 'csv-parse', jobs.legs],
  ["Envelope's reading alone", 'reading', jobs.legs],
  ['Envelope: casts, envelope, rejects', 'envelope', jobs.legs],
  ['by hand: csv-parse, JSON envelopes, gzip', 'by-hand', jobs.legs],
]);
for (const [title, file, job] of [
  ['NDJSON: one shard of orders, an object a line', ordersNdjson(64), jobs.ordersNdjson],
  ['JSON: one shard of orders, elements of an array', ordersJson(64), jobs.ordersJson],
] as const) {
  compare(`${title}, ${Math.round(mebibytesOf(file))} MiB, 7 members`, file, [
    ['DuckDB COPY (read_json) TO parquet', 'duckdb-copy', job],
    ["Envelope's reading alone", 'reading', job],
    ['Envelope: casts, expression, filter, key, envelope, rejects', 'envelope', job],
  ]);
}
const observations = observationsFile(32);
compare('XML: one object of observations, 32 MiB', observations, [
  ['saxes alone', 'saxes', jobs.observations],
  ['Extract: upload parts, checksums, split points, count', 'extract', jobs.observations],
]);
compare('XML: one shard of observations, 32 MiB, values in attributes, keys above', observations, [
  ['fast-xml-parser alone', 'fast-xml-parser', jobs.observations],
  ["Envelope's reading alone", 'reading', jobs.observations],
  ['Envelope: casts, envelope, rejects', 'envelope', jobs.observations],
]);
for (const [format, make, job] of [
  ['CSV', ordersFile, jobs.ordersPlain],
  ['NDJSON', ordersNdjson, jobs.ordersNdjson],
  ['JSON', ordersJson, jobs.ordersJson],
  ['XML', observationsFile, jobs.observations],
] as const) {
  for (const mebibytes of [64, 1_024]) {
    const file = make(mebibytes);
    compare(`${format}: one object of ${Math.round(mebibytesOf(file))} MiB`, file, [
      ['Extract: upload parts, checksums, split points, count', 'extract', job],
    ]);
    if (mebibytes > 64) rmSync(file);
  }
}
steps();
whole();

/** Against a local cloud; what it does itself for each call is in the figures. */
function steps(): void {
  console.log('the last tasks of a run on a local cloud, seconds by the clock');
  const lines = program('steps.ts').map((line) => JSON.parse(line));
  for (const name of ['Reconcile', 'Catalog', 'CloseRun']) {
    const cells = lines
      .filter(({ step }) => step === name)
      .map(({ shards, seconds }) => `${shards} shards ${seconds.toFixed(2)} s`.padStart(24));
    console.log(`  ${name.padEnd(12)}${cells.join('')}`);
  }
  console.log();
}

function whole(): void {
  console.log('a file of 256 MiB through the deployed machine on a local cloud, seconds by the clock');
  for (const line of program('whole.ts', '256')) console.log(`  ${line}`);
}

function program(name: string, ...args: string[]): string[] {
  const out = execFileSync('npx', ['tsx', join('test', 'bench', name), ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return out.split('\n').filter((line) => line.startsWith('{'));
}

async function bundleCases(names: string[]): Promise<void> {
  await build({
    entryPoints: names.map((name) => join(root, 'test', 'bench', 'cases', `${name}.ts`)),
    outdir: join(folder, 'cases'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
}

/** The first case is the peer that the others are a ratio of. */
function compare(title: string, file: string, cases: Array<[string, string, string]>): void {
  console.log(title);
  let peer: number | undefined;
  for (const [label, name, job] of cases) {
    const measured = median(Array.from({ length: runs }, () => runCase(name, file, job)));
    peer ??= measured.cpuSeconds;
    const speed = mebibytesOf(file) / measured.cpuSeconds;
    const cells = [
      `${measured.cpuSeconds.toFixed(2)} s`.padStart(9),
      `${speed.toFixed(0)} MiB/s`.padStart(12),
      cases.length === 1 ? '' : (peer / measured.cpuSeconds).toFixed(3).padStart(8),
      `${Math.round(measured.peakMiB)} MiB`.padStart(10),
    ];
    console.log(`  ${label.padEnd(62)}${cells.join('')}   ${measured.did}`);
  }
  console.log();
}

function runCase(name: string, file: string, job: string): Measured {
  const command = [process.execPath, join(folder, 'cases', `${name}.mjs`), file, job];
  const pinned = existsSync('/usr/bin/taskset') ? ['taskset', '-c', '0', ...command] : command;
  const [program = '', ...args] = pinned;
  const out = execFileSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out) as Measured;
}

function median(all: Measured[]): Measured {
  const sorted = [...all].sort((a, b) => a.cpuSeconds - b.cpuSeconds);
  const [middle] = sorted.slice(Math.floor(sorted.length / 2));
  if (middle === undefined) throw new Error('no run');
  return middle;
}
