/**
 * What the shared stack tells the outside: the CLI finds everything of a stage by these outputs, so that it
 * needs neither a configuration nor a physical name.
 */

export const outputNames = [
  'Stage',
  'InboxBucket',
  'RawBucket',
  'LakeBucket',
  'OpsBucket',
  'SlicesTable',
  'RunsTable',
  'BusName',
  'JobDlqUrl',
  'DeliveryDlqUrl',
  /** Glue database. */
  'Database',
  /** A job's machine is this and the job's name. */
  'StateMachineArnPrefix',
  /** Ends with `/`; a job's secrets lie at `<SecretsPath><job>/`. */
  'SecretsPath',
] as const;

export type OutputName = (typeof outputNames)[number];
export type Outputs = Record<OutputName, string>;

export const sharedStackName = (stage: string): string => `Forebay-${stage}`;
export const jobStackName = (stage: string, job: string): string => `Forebay-${stage}-job-${job}`;

/** Outputs of a job's own stack. */
export const jobOutputNames = [
  'StateMachineArn',
  'LakeDlqUrl',
  /** `<bucket>/<key>` of the job version's canonical JSON. */
  'JobDocument',
  /** Only where files or other jobs start it. */
  'TriggersDlqUrl',
] as const;
export type JobOutputName = (typeof jobOutputNames)[number];

export const hashKeyName = (secretsPath: string, job: string): string => `${secretsPath}${job}/hash-key`;
export const tokenKeyName = (secretsPath: string, job: string): string => `${secretsPath}${job}/token-key`;
/** Of all jobs of the stage together. No job is called so: names of jobs have no `_`. */
export const sharedTokenKeyName = (secretsPath: string): string => `${secretsPath}_shared/token-key`;
