/** A case is a process of its own: what it measures is its own time and memory, and it prints one line of JSON. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathsOf } from '../../core/contract/paths.ts';
import { maxRecordBytes, recordFormat } from '../../core/formats/format.ts';
import type { RecordFormat } from '../../core/formats/interfaces.ts';
import type { JobVersion } from '../../core/job/model.ts';
import type { ByteRange } from '../../core/shard.ts';

export interface Measured {
  /** By the clock. */
  seconds: number;
  /** Of the processor, user and system: what a busy machine changes least. */
  cpuSeconds: number;
  /** Peak of the whole process, loading included. */
  peakMiB: number;
  /** What was done, so that two cases can be seen to have done the same. */
  did: string;
}

export const scratch = (name: string): string => mkdtempSync(join(tmpdir(), `forebay-bench-${name}-`));

/** The job that a case is about: JSON, so that reading it costs the case next to nothing. */
export const jobFrom = (path: string): JobVersion => JSON.parse(readFileSync(path, 'utf8')) as JobVersion;

export interface WholeShard {
  format: RecordFormat;
  header: Uint8Array | null;
  bytes: Buffer;
  offset: number;
}

/** A file as one shard, as Extract's scan finds it. Not what is measured. */
export function shardOf(path: string, { job }: JobVersion): WholeShard {
  const bytes = readFileSync(path);
  const scanner = recordFormat(job.format).scanner({
    ...{ shardBytes: Number.MAX_SAFE_INTEGER, maxRecordBytes, paths: pathsOf(job.contract) },
  });
  for (let at = 0; at < bytes.length; at += 65_536) scanner.push(bytes.subarray(at, at + 65_536));
  const scan = scanner.end();
  const [range] = scan.ranges;
  if (range === undefined) throw new Error(`${path} has no record`);
  const part = ({ offset, length }: ByteRange) => bytes.subarray(offset, offset + length);
  return {
    format: recordFormat(job.format, { ...scan, ...range }),
    header: scan.header && part(scan.header),
    ...{ bytes: part(range), offset: range.offset },
  };
}

export async function report(work: () => Promise<string>): Promise<void> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const did = await work();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  const measured: Measured = { seconds, cpuSeconds, peakMiB: process.resourceUsage().maxRSS / 1_024, did };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}
