/** A case is a process of its own: what it measures is its own time and memory, and it prints one line of JSON. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobVersion } from '../../core/job/model.ts';

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

/** A file's bytes, and where its first record begins: behind the header, where it has one. */
export function fileOf(path: string, { job }: JobVersion): { bytes: Buffer; from: number } {
  const bytes = readFileSync(path);
  return {
    bytes,
    from: job.format.kind === 'csv' && job.format.header === true ? bytes.indexOf('\n') + 1 : 0,
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
