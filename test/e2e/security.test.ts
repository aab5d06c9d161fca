/** What nobody may see, and what nobody may do, on one deployed app. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Cloud, root, startCloud } from '../support/cloud.ts';
import { leastPrivilege } from './security/least-privilege.ts';
import { markedValues } from './security/marked-values.ts';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud(join(root, 'test', 'e2e', 'security-jobs'));
});

afterAll(async () => cloud?.stop());

// First, since the probes of the other leave all kinds of things in the cloud that is searched.
describe('values that no one is to see', () => markedValues(() => cloud));
describe('what a role may do', () => leastPrivilege(() => cloud));
