/** The dead-letter queues of a stage: found by the outputs of its stacks, whatever job files there are. */
import type { Cloud, JobOutputs } from '../cloud.ts';
import { type Session, unknownName } from '../session.ts';
import type { DeadLetterQueue } from './dead-letters.ts';

export const queueName = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

export interface DeployedQueues {
  cloud(): Promise<Pick<Cloud, 'outputs' | 'jobOutputs' | 'deployedJobs'>>;
}

/** Those of all deployed jobs, or of one, with those that all share. */
export async function deadLetterQueues(session: DeployedQueues, job?: string): Promise<DeadLetterQueue[]> {
  const cloud = await session.cloud();
  const jobs =
    job === undefined ? await cloud.deployedJobs() : new Map([[job, (await cloud.jobOutputs(job)) ?? {}]]);
  const { JobDlqUrl, DeliveryDlqUrl } = cloud.outputs;
  return [
    queueAt(JobDlqUrl, 'job'),
    ...[...jobs].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, outputs]) => queuesOf(name, outputs)),
    queueAt(DeliveryDlqUrl, 'delivery'),
  ];
}

const queuesOf = (job: string, { LakeDlqUrl, TriggersDlqUrl }: JobOutputs): DeadLetterQueue[] => [
  ...(LakeDlqUrl === undefined ? [] : [queueAt(LakeDlqUrl, 'write', job)]),
  ...(TriggersDlqUrl === undefined ? [] : [queueAt(TriggersDlqUrl, 'delivery', job)]),
];

const queueAt = (url: string, kind: DeadLetterQueue['kind'], job?: string): DeadLetterQueue => ({
  ...{ name: queueName(url), url, kind },
  ...(job === undefined ? {} : { job }),
});

/** A deployed job may have no file here, nor a job's file be deployed: a name that neither knows is a mistake. */
export async function mustBeKnown(
  session: DeployedQueues & Pick<Session, 'jobs'>,
  name: string,
): Promise<void> {
  const deployed = [...(await (await session.cloud()).deployedJobs()).keys()];
  if (deployed.includes(name)) return;
  const known = new Set([...deployed, ...(await session.jobs()).map(({ job }) => job.name)]);
  if (!known.has(name)) throw unknownName('job', name, [...known]);
}
