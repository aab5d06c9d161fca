/** Where the local cloud differs from AWS. Applied only to its account, which no AWS account has. */
import type { Config } from './config.ts';

const isLocal = ({ account }: Config): boolean => account === '000000000000';

/** The local cloud has no registry of schemas. */
export const hasSchemaRegistry = (config: Config): boolean => !isLocal(config);

/** AWS authorizes SendTask* on the state machine; the local cloud on everything or nothing. */
export const sendTaskResource = (config: Config, stateMachineArn: string): string =>
  isLocal(config) ? '*' : stateMachineArn;

/** AWS Scheduler fills this in; the local cloud hands it on as it is, so OpenRun takes the execution's start. */
export const scheduledTime = (config: Config): string =>
  isLocal(config) ? 'execution-start' : '<aws.scheduler.scheduled-time>';

/**
 * Only requests whose KMS encryption context has this value. The local cloud knows no such condition, and denies who
 * has it; it does bind a data key to its context.
 */
export const withContext = (config: Config, field: string, value: string): Record<string, unknown> =>
  isLocal(config) ? {} : { StringEquals: { [`kms:EncryptionContext:${field}`]: value } };
