/**
 * FAULTS.md's rows on the deployed app: its functions talk to the cloud through a proxy that disturbs chosen calls,
 * their processes are ended, their messages repeated, their executions stopped. What is stored is what counts.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { root } from '../support/cloud.ts';
import { type FaultRuns, faultRuns, recordBytes } from '../support/fault-runs.ts';
import { type FaultyCloud, startFaultyCloud } from '../support/faulty-cloud.ts';
import { answers, throttledForLong } from './faults/answers.ts';
import { crashes } from './faults/crashes.ts';
import { duplicates } from './faults/duplicates.ts';
import { oddNames } from './faults/names.ts';
import { poison } from './faults/poison.ts';
import { redrives } from './faults/redrives.ts';
import { stops } from './faults/stops.ts';

let cloud: FaultyCloud;
let runs: FaultRuns;

beforeAll(async () => {
  const jobs = join(root, 'test', 'e2e', 'fault-jobs');
  cloud = await startFaultyCloud(jobs, { FOREBAY_SHARD_BYTES: String(recordBytes) });
  runs = await faultRuns(cloud);
});

afterAll(async () => cloud?.stop());

describe('one by one, since a fault strikes whatever is at work', () => {
  afterEach(() => cloud?.proxy.forget());

  // First, since the first run of a job makes its table.
  answers(() => runs);
  crashes(() => runs);
  duplicates(() => runs);
  stops(() => runs);
  redrives(() => runs);
});

describe.concurrent('side by side, each with a fault of its own slice alone', () => {
  throttledForLong(() => runs);
  poison(() => runs);
  oddNames(() => runs);
});
