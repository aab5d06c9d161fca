/** The part of a job's machine that decides which columns the slice has, where its data has a say in it. */
import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import {
  type ColumnTask,
  childrenOf,
  invoke,
  type JobMachineProps,
  keepInput,
  recordFailure,
} from './parts.ts';

/** All shards are surveyed before the first is enveloped: a type that a shard chose could be another's fault. */
export function columnsPart(
  scope: Construct,
  props: JobMachineProps,
  { Survey, Columns }: Record<ColumnTask, IVersion>,
): sfn.Chain {
  const survey = invoke(scope, 'SurveyShard', Survey);
  const failed = recordFailure(scope, 'RecordSurveyFailure', props, {
    survey: '{% $states.input.shard.n %}',
  });
  survey.addCatch(failed, keepInput);
  const surveys = childrenOf(scope, 'Survey', props, {
    items: '$.shards.key',
    item: 'shard',
    concurrency: props.concurrency.shards,
    children: survey,
  });
  return sfn.Chain.start(surveys).next(invoke(scope, 'Columns', Columns));
}
