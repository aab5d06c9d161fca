import { expect, test } from 'vitest';
import type { JobOutputs } from '../../../cli/cloud.ts';
import { deployedVersions } from '../../../cli/deployed-job.ts';
import { canonicalJson, versionOf } from '../../../core/job/version.ts';
import { job } from '../../support/world.ts';

test("a job's version is that of its stack, read once, whether or not there is a file of it", async () => {
  const read: string[] = [];
  const versions = deployedVersions({
    jobOutputs: async (name) =>
      name === 'orders' ? ({ JobDocument: 'assets/a/job.json' } as JobOutputs) : null,
    store: {
      get: async ({ bucket, key }) => {
        read.push(`${bucket} ${key}`);
        return Buffer.from(canonicalJson(job));
      },
    },
  });
  expect(await versions('orders')).toBe(versionOf(job).version);
  expect(await versions('orders')).toBe(versionOf(job).version);
  expect(read).toEqual(['assets a/job.json']);
  await expect(versions('gone')).rejects.toThrow(/job gone is not deployed/);
});
