import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { environment } from './contract.ts';
import { triggerDeps } from './deps.ts';
import type { Work } from './messages.ts';
import { receiveBatch, trigger } from './trigger.ts';

const deps = lazily(() => triggerDeps(readEnvironment(environment)));

const fields = (work: Work) => ({
  job: deps().triggers.job.name,
  trigger: work.do,
  ...('slice' in work ? { slice: work.slice } : {}),
});
const perform = handle('trigger', fields, (work: Work) => trigger(deps(), work));

export const handler = ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const received = Records.map(({ messageId, body }) => ({ id: messageId, body }));
  return receiveBatch(deps().triggers, received, perform);
};
