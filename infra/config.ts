/** Everything that differs between stages. A stage is chosen by `-c stage=…` or FOREBAY_STAGE; `local` else. */
import type { Architecture } from './layer.ts';

export interface SourceBucket {
  /** Physical name of a bucket that exists already. */
  bucket: string;
  /** Its KMS key, where it has one of its own. */
  keyArn?: string;
  /** The account that owns it, where that is not this one. */
  account?: string;
}

export interface Config {
  stage: string;
  account: string;
  region: string;
  /** Whether deleting a stack deletes its data. Only where nobody's data is. */
  disposable: boolean;
  architecture: Architecture;
  /** Target size of a shard, in bytes. */
  shardBytes: number;
  /** The largest object that Extract finishes within its 15 minutes, in bytes, with room to spare. */
  maxObjectBytes: number;
  /** Children of a run's Maps at once, and writers of a job at once. */
  concurrency: { extract: number; shards: number; writers: number };
  /** Days. */
  retention: {
    rawToGlacierInstantRetrieval: number;
    staging: number;
    rejects: number;
    noncurrentVersions: number;
    /** Lake objects that are tagged as retired. */
    retiredLakeObjects: number;
    /** One of CloudWatch's own: 7, 30, 90, 365 … */
    logs: 7 | 30 | 90 | 365;
  };
  /** Logical names of `s3Source({ bucket })`. */
  buckets: Record<string, SourceBucket>;
}

const MiB = 1024 ** 2;

/** What a stage has unless it says otherwise. */
export const defaults = {
  architecture: 'arm64',
  shardBytes: 64 * MiB,
  maxObjectBytes: 32 * 1024 * MiB,
  concurrency: { extract: 40, shards: 200, writers: 50 },
  retention: {
    rawToGlacierInstantRetrieval: 90,
    staging: 14,
    rejects: 365,
    noncurrentVersions: 30,
    retiredLakeObjects: 30,
    logs: 90,
  },
  disposable: false,
  buckets: {},
} satisfies Partial<Config>;

/** The machine that synthesizes is the one that runs the local cloud's functions. */
const thisMachine: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

const local: Config = {
  ...defaults,
  stage: 'local',
  account: '000000000000',
  region: 'eu-west-1',
  disposable: true,
  architecture: thisMachine,
  // A small file on a laptop has several shards, too.
  shardBytes: MiB,
  concurrency: { extract: 4, shards: 4, writers: 4 },
  buckets: { 'partner-files': { bucket: 'forebay-local-partner-files' } },
};

export const stages: Record<string, Config> = { local };

/** `shardBytes`: finer or coarser shards than the stage's, so that a small file can show what thousands of them do. */
export function configOf(stage: string, shardBytes?: string): Config {
  const config = stages[stage];
  if (config === undefined) {
    throw new Error(
      `there is no stage '${stage}' in infra/config.ts; there are: ${Object.keys(stages).join(', ')}`,
    );
  }
  return shardBytes === undefined ? config : { ...config, shardBytes: triedBytes(config, shardBytes) };
}

/** Where data is kept the size is the file's own, so that what is deployed is what was reviewed. */
function triedBytes({ stage, disposable }: Config, text: string): number {
  const bytes = Number(text);
  if (!disposable) {
    throw new Error(`stage ${stage} keeps its data: set its shardBytes in infra/config.ts, not from outside`);
  }
  if (!Number.isInteger(bytes) || bytes < 1) {
    throw new Error(`shardBytes is '${text}': give a whole number of bytes from 1`);
  }
  return bytes;
}
