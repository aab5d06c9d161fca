/** What a load would put where, and everything that is wrong with it: all at once, before anything is put. */
import { basename } from 'node:path';
import type { Job } from '../../core/job/model.ts';
import { parseSlice } from '../../core/slice.ts';
import { inboxPrefix } from '../../core/storage.ts';

export interface PlannedFile {
  path: string;
  key: string;
}

export interface LoadPlan {
  slice: string;
  files: PlannedFile[];
}

export interface LoadRequest {
  job: Job;
  /** Absent: `once`, where that is the job's cadence. */
  slice: string | undefined;
  paths: readonly string[];
  /** `file`, or what is there instead. */
  kindOf(path: string): 'file' | 'folder' | 'nothing';
}

export function planLoad(request: LoadRequest): { plan: LoadPlan | null; problems: string[] } {
  const { job, paths } = request;
  const problems = [...sourceProblems(job), ...fileProblems(request)];
  const slice = sliceOf(request, problems);
  if (slice === null || problems.length > 0) return { plan: null, problems };
  const files = paths.map((path) => ({ path, key: `${inboxPrefix(job.name, slice)}${basename(path)}` }));
  return { plan: { slice, files }, problems };
}

function sourceProblems(job: Job): string[] {
  if (job.source.kind === 'inbox') return [];
  const { bucket, prefix } = job.source;
  return [
    `${job.name} reads ${prefix} of bucket '${bucket}' and not the inbox: put the files there, then \`forebay run ${job.name}\``,
  ];
}

function sliceOf({ job, slice }: LoadRequest, problems: string[]): string | null {
  if (slice === undefined && job.cadence !== 'once') {
    problems.push(`${job.name} is ${job.cadence}: name the slice that the files belong to by --slice`);
    return null;
  }
  try {
    return parseSlice(job, slice ?? 'once').name;
  } catch (error) {
    problems.push(error instanceof Error ? error.message.replace(/^SliceInvalid: /, '') : String(error));
    return null;
  }
}

function fileProblems({ paths, kindOf }: LoadRequest): string[] {
  const missing = [...new Set(paths)].flatMap((path) => {
    const kind = kindOf(path);
    if (kind === 'file') return [];
    return [kind === 'folder' ? `${path} is a folder: name its files` : `there is no file ${path}`];
  });
  const names = [...new Set(paths.map((path) => basename(path)))];
  const doubles = names.flatMap((name) => {
    const same = paths.filter((path) => basename(path) === name);
    return same.length === 1 ? [] : [`${same.join(' and ')} would both be ${name} in the inbox: rename one`];
  });
  return [...missing, ...doubles];
}
