/** Names that more than one stack spells. */
import { backfillSuffix } from '../core/backfill/model.ts';
import type { Config } from './config.ts';

const prefixOf = ({ stage }: Config): string => `forebay-${stage}-`;

/** At most 80 characters: 40 of the job and the stage's. */
export const stateMachineName = (config: Config, job: string): string => `${prefixOf(config)}${job}`;

/** With the name of the longest job and stage still at most 80 characters: stages have up to 22. */
export const backfillMachineName = (config: Config, job: string): string =>
  `${stateMachineName(config, job)}${backfillSuffix}`;

export const stateMachineArnPrefix = (config: Config): string =>
  `arn:aws:states:${config.region}:${config.account}:stateMachine:${prefixOf(config)}`;

export const stateMachineArn = (config: Config, job: string): string =>
  `${stateMachineArnPrefix(config)}${job}`;

export const executionArns = (config: Config, job: string): string =>
  `${stateMachineArn(config, job).replace(':stateMachine:', ':execution:')}:*`;

/** By which Step Functions tells a machine that waits for an execution of another that it has ended. */
export const endRuleArn = ({ region, account }: Config): string =>
  `arn:aws:events:${region}:${account}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`;

export const secretsPath = ({ stage }: Config): string => `/forebay/${stage}/`;

/** The key that wraps the data keys of encrypted columns, as people name it. */
export const privacyKeyAlias = (config: Config): string => `alias/${prefixOf(config)}privacy`;

export const alarmTopicName = (config: Config): string => `${prefixOf(config)}alarms`;

/** From 1: a stage of many jobs has several. */
export const dashboardName = ({ stage }: Config, number: number): string =>
  `forebay-${stage}${number === 1 ? '' : `-${number}`}`;

export const databaseName = ({ stage }: Config): string => `forebay_${stage}`;
