import { expect, test } from 'vitest';
import type { JobOutputs } from '../../../cli/cloud.ts';
import { deadLetterQueues, mustBeKnown } from '../../../cli/failures/queues.ts';
import type { JobVersion } from '../../../core/job/model.ts';
import type { Outputs } from '../../../core/outputs.ts';

const at = (name: string) => `https://sqs.eu-west-1.amazonaws.com/000000000000/${name}`;
const deployed = new Map<string, JobOutputs>([
  ['products', { LakeDlqUrl: at('products-lake'), TriggersDlqUrl: at('products-triggers') }],
  ['gone', { LakeDlqUrl: at('gone-lake') }],
]);
/** A stage of two deployed jobs, and not one job file. */
const session = {
  cloud: async () => ({
    outputs: { JobDlqUrl: at('jobs'), DeliveryDlqUrl: at('deliveries') } as Outputs,
    jobOutputs: async (job: string) => deployed.get(job) ?? null,
    deployedJobs: async () => deployed,
  }),
  jobs: async () => [],
};

const shared = (kind: string, name: string) => ({ name, url: at(name), kind });

test('the queues are those of the deployed jobs, of which there need be no file', async () => {
  expect(await deadLetterQueues(session)).toEqual([
    shared('job', 'jobs'),
    { ...shared('write', 'gone-lake'), job: 'gone' },
    { ...shared('write', 'products-lake'), job: 'products' },
    { ...shared('delivery', 'products-triggers'), job: 'products' },
    shared('delivery', 'deliveries'),
  ]);
});

test('of one job they are its own and those that all share; of one that is not deployed the latter', async () => {
  const names = async (job: string) => (await deadLetterQueues(session, job)).map(({ name }) => name);
  expect(await names('gone')).toEqual(['jobs', 'gone-lake', 'deliveries']);
  expect(await names('never-deployed')).toEqual(['jobs', 'deliveries']);
});

test('a deployed job is known without its file, and one of a file without a deploy; any other name is a mistake', async () => {
  await expect(mustBeKnown(session, 'gone')).resolves.toBeUndefined();
  await expect(mustBeKnown(session, 'gnoe')).rejects.toThrow("there is no job 'gnoe'; did you mean 'gone'?");
  const written = [{ job: { name: 'new' } }] as JobVersion[];
  await expect(mustBeKnown({ ...session, jobs: async () => written }, 'new')).resolves.toBeUndefined();
});
