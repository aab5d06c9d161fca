import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { startRetries } from './errors.ts';

/** A job's machine, as who runs it knows it. */
export interface RunnableMachine {
  machine: sfn.IStateMachine;
  /** ARNs of its executions, as a pattern. */
  executions: string;
  /** ARN of the rule by which Step Functions is told of their end; AWS gives it its name. */
  endRule: string;
}

/**
 * Runs one execution of a job's machine and waits for its end. CDK's own state may look at every machine whose name
 * begins as this one's.
 */
export class RunJob extends tasks.StepFunctionsStartExecution {
  protected override readonly taskPolicies: PolicyStatement[];

  constructor(scope: Construct, id: string, { machine, executions, endRule }: RunnableMachine) {
    super(scope, id, {
      stateMachine: machine,
      integrationPattern: sfn.IntegrationPattern.RUN_JOB,
      queryLanguage: sfn.QueryLanguage.JSONATA,
      name: '{% $states.input.name %}',
      input: sfn.TaskInput.fromText('{% $states.input.request %}'),
      outputs: "{% $merge([$states.input, {'output': $states.result.Output}]) %}",
    });
    this.taskPolicies = [
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [machine.stateMachineArn] }),
      new PolicyStatement({
        actions: ['states:DescribeExecution', 'states:StopExecution'],
        resources: [executions],
      }),
      new PolicyStatement({
        actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        resources: [endRule],
      }),
    ];
    for (const retry of startRetries) this.addRetry(retry);
  }
}
