import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { DiscoverOutput } from '../tasks/discover/contract.ts';
import type { FailRunOutput } from '../tasks/fail-run/contract.ts';
import type { BusyRun, PausedRun } from '../tasks/open-run/contract.ts';
import { columnsPart } from './columns.ts';
import { childrenOf, invoke, type JobMachineProps, keepInput, recordFailure } from './parts.ts';
import { shardsPart } from './shards.ts';

/** The state machine of one job, from OpenRun to its end. A state's name is its task's. */
export function jobMachine(scope: Construct, props: JobMachineProps): sfn.IChainable {
  const closeRun = invoke(scope, 'CloseRun', props.functions.CloseRun);
  const failRun = failing(scope, props, closeRun);
  const attempt = new sfn.Parallel(scope, 'Try', { outputPath: '$[0]' });
  attempt.branch(branch(scope, props));
  attempt.addCatch(failRun, { resultPath: '$.error' });
  attempt.next(closeRun);
  const busy = new sfn.Succeed(scope, 'Busy');
  const paused = new sfn.Succeed(scope, 'Paused');
  const held = new sfn.Choice(scope, 'Held?')
    .when(sfn.Condition.stringEquals('$.outcome', 'busy' satisfies BusyRun['outcome']), busy)
    .when(sfn.Condition.stringEquals('$.outcome', 'paused' satisfies PausedRun['outcome']), paused)
    .otherwise(attempt);
  const openRun = invoke(scope, 'OpenRun', props.functions.OpenRun, {
    request: '{% $states.input %}',
    job: props.job,
    execution,
    attempt: retryCount,
  });
  openRun.addCatch(failRun, { outputs: { error: '{% $states.errorOutput %}' } });
  return openRun.next(held);
}

/** Context of the execution, in JSONata. */
const execution = {
  id: '{% $states.context.Execution.Id %}',
  name: '{% $states.context.Execution.Name %}',
  startTime: '{% $states.context.Execution.StartTime %}',
};
const retryCount = '{% $states.context.State.RetryCount %}';

/** What happens to a slice, up to its commit. */
function branch(scope: Construct, props: JobMachineProps): sfn.IChainable {
  const { functions } = props;
  const nothingNew = new sfn.Pass(scope, 'NothingNew');
  const planned = extractMap(scope, props).next(invoke(scope, 'Plan', functions.Plan));
  const { columnFunctions } = props;
  const decided =
    columnFunctions === null ? planned : planned.next(columnsPart(scope, props, columnFunctions));
  const load = decided
    .next(shardsPart(scope, props))
    .next(invoke(scope, 'Reconcile', functions.Reconcile))
    .next(invoke(scope, 'Catalog', functions.Catalog));
  const isNew = 'nothing-new' satisfies DiscoverOutput['discovered'];
  return invoke(scope, 'Discover', functions.Discover).next(
    new sfn.Choice(scope, 'New?')
      .when(sfn.Condition.stringEquals('$.discovered', isNew), nothingNew)
      .otherwise(load),
  );
}

function extractMap(scope: Construct, props: JobMachineProps): sfn.DistributedMap {
  const extract = invoke(scope, 'ExtractObject', props.functions.Extract);
  const failed = recordFailure(scope, 'RecordObjectFailure', props, {
    object: '{% $states.input.object.n %}',
    name: '{% $states.input.object.name %}',
  });
  extract.addCatch(failed, keepInput);
  return childrenOf(scope, 'Extract', props, {
    items: '$.objects.key',
    item: 'object',
    concurrency: props.concurrency.extract,
    children: extract,
  });
}

/** FailRun, and what follows from its answer. */
function failing(scope: Construct, props: JobMachineProps, closeRun: sfn.IChainable): sfn.IChainable {
  const failRun = invoke(scope, 'FailRun', props.functions.FailRun, {
    job: props.job,
    execution: { ...execution, input: '{% $states.context.Execution.Input %}' },
    error: '{% $states.input.error %}',
    attempt: retryCount,
  });
  const failed = new sfn.Fail(scope, 'Failed', { errorPath: '$.error.name', causePath: '$.error.message' });
  const rollForward = invoke(scope, 'RollForward', props.functions.Catalog).next(closeRun);
  return failRun.next(
    new sfn.Choice(scope, 'Committed?')
      .when(
        sfn.Condition.stringEquals('$.outcome', 'committed' satisfies FailRunOutput['outcome']),
        rollForward,
      )
      .otherwise(failed),
  );
}
