/** What an operator does day by day, on the deployed app: jobs that start by themselves, backfills, a consumer. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Cloud, root, startCloud } from '../support/cloud.ts';
import { backfills } from './operations/backfill.ts';
import { catchUps } from './operations/catch-up.ts';
import { consumers } from './operations/consumer.ts';
import { triggers } from './operations/triggers.ts';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud(join(root, 'test', 'e2e', 'operation-jobs'));
});

afterAll(async () => cloud?.stop());

describe('files that arrive, jobs that come after, pauses', () => triggers(() => cloud));
describe('a consumer', () => consumers(() => cloud));
describe('a backfill', () => backfills(() => cloud));
describe('a job that catches up', () => catchUps(() => cloud));
