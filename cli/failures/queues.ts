/** The dead-letter queues of a stage: found by the outputs of its stacks. */
import type { Session } from '../session.ts';
import type { DeadLetterQueue } from './dead-letters.ts';

export const queueName = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** Those of all jobs, or of one, with those that all share. */
export async function deadLetterQueues(session: Session, job?: string): Promise<DeadLetterQueue[]> {
  const cloud = await session.cloud();
  const names = job === undefined ? (await session.jobs()).map((known) => known.job.name) : [job];
  const own = await Promise.all(
    names.map(async (name): Promise<DeadLetterQueue[]> => {
      const { LakeDlqUrl, TriggersDlqUrl } = (await cloud.jobOutputs(name)) ?? {};
      return [
        ...(LakeDlqUrl === undefined ? [] : [queueAt(LakeDlqUrl, 'write', name)]),
        ...(TriggersDlqUrl === undefined ? [] : [queueAt(TriggersDlqUrl, 'delivery', name)]),
      ];
    }),
  );
  const { JobDlqUrl, DeliveryDlqUrl } = cloud.outputs;
  return [queueAt(JobDlqUrl, 'job'), ...own.flat(), queueAt(DeliveryDlqUrl, 'delivery')];
}

const queueAt = (url: string, kind: DeadLetterQueue['kind'], job?: string): DeadLetterQueue => ({
  ...{ name: queueName(url), url, kind },
  ...(job === undefined ? {} : { job }),
});
