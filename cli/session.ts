/** What every command starts from: the global options, the output, the jobs and, once asked for, the cloud. */
import { resolve } from 'node:path';
import type { JobVersion } from '../core/job/model.ts';
import { JobFileError } from '../core/job/problems.ts';
import { nearest } from '../core/nearest.ts';
import type { Cloud } from './cloud.ts';
import { root } from './local/home.ts';
import { createOutput, type Output, type Sink } from './output.ts';
import { type Problem, wrongUsage } from './problem.ts';

export interface GlobalOptions {
  json?: boolean;
  jobs?: string;
  stage?: string;
}

export interface Session {
  environment: NodeJS.ProcessEnv;
  output: Output;
  stage: string;
  /** As the caller gave it; `null`: the app's own folder. */
  jobsDir: string | null;
  jobs(): Promise<JobVersion[]>;
  /** The job of that name, or a problem that suggests the nearest. */
  job(name: string): Promise<JobVersion>;
  cloud(): Promise<Cloud>;
}

export function createSession(
  options: GlobalOptions,
  environment: NodeJS.ProcessEnv,
  streams: { stdout: Sink; stderr: Sink },
): Session {
  const stage = options.stage ?? (environment.FOREBAY_STAGE || 'local');
  const jobsDir = options.jobs ?? (environment.FOREBAY_JOBS || null);
  const jobs = once(() => readJobs(jobsDir));
  return {
    environment,
    stage,
    jobsDir,
    output: createOutput({
      json: options.json ?? false,
      stdout: streams.stdout,
      stderr: streams.stderr,
      environment,
    }),
    jobs,
    job: async (name) => {
      const known = await jobs();
      const found = known.find(({ job }) => job.name === name);
      if (found === undefined)
        throw unknownName(
          'job',
          name,
          known.map(({ job }) => job.name),
        );
      return found;
    },
    // Loaded only by the commands that need it: the SDK takes its time.
    cloud: once(async () => (await import('./cloud.ts')).connect(stage)),
  };
}

async function readJobs(dir: string | null): Promise<JobVersion[]> {
  const { loadJobs } = await import('../core/job/load.ts');
  try {
    return await loadJobs(resolve(dir ?? `${root}/jobs`));
  } catch (error) {
    if (error instanceof JobFileError) throw wrongUsage(error.message);
    throw error;
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

export function unknownName(what: string, name: string, known: readonly string[]): Problem {
  const near = nearest(name, known);
  const shown = known.slice(0, 10).join(', ') + (known.length > 10 ? ', …' : '');
  const hint =
    near !== null ? `did you mean '${near}'?` : known.length > 0 ? `there are: ${shown}` : 'there is none';
  return wrongUsage(`there is no ${what} '${name.slice(0, 100)}'; ${hint}`);
}
