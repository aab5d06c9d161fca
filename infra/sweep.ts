import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { jobVersionsPrefix } from '../core/storage.ts';
import type { environment } from '../tasks/sweep/contract.ts';
import { useGlue } from './glue.ts';
import { missObjects, publish, readObjects } from './grants.ts';
import { stateMachineArnPrefix } from './names.ts';
import type { SharedStack } from './stacks/shared.ts';
import { Task } from './task.ts';
import { catalogTimeout } from './timeouts.ts';

type Shared = Pick<SharedStack, 'config' | 'zones' | 'ledger' | 'bus' | 'jobDlq' | 'database'>;

/** The sweeper does for every job what FailRun, Catalog and CloseRun do for theirs. */
export class SweepTask extends Task<(typeof environment)[number]> {
  constructor(scope: Construct, id: string, shared: Shared, bundles: Map<string, string>) {
    const { config, zones, ledger, bus, jobDlq, database } = shared;
    super(scope, id, {
      config,
      bundle: bundles.get('sweep') ?? '',
      timeout: Duration.minutes(4),
      memoryMiB: 512,
      environment: {
        STAGE: config.stage,
        SLICES_TABLE: ledger.slices.tableName,
        RUNS_TABLE: ledger.runs.tableName,
        OPS_BUCKET: zones.ops.bucket.bucketName,
        LAKE_BUCKET: zones.lake.bucket.bucketName,
        DATABASE: database,
        BUS_NAME: bus.eventBusName,
        JOB_DLQ_URL: jobDlq.queueUrl,
        STATE_MACHINE_ARN_PREFIX: stateMachineArnPrefix(config),
        CATALOG_TIMEOUT: String(catalogTimeout.toSeconds()),
      },
    });
    const allJobs =
      'The one sweeper does this for all jobs of the stage, whose names it reads in the ledger.';
    const indexes = [ledger.slices, ledger.runs].map(({ tableArn }) => `${tableArn}/index/*`);
    this.allowBelow(allJobs, ['dynamodb:Query'], indexes);
    this.allow(
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
      [ledger.runs.tableArn],
    );
    this.allow(['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:Query'], [ledger.slices.tableArn]);
    readObjects(this, zones.ops, jobVersionsPrefix, 'manifests/');
    missObjects(this, zones.ops.bucket.bucketArn, jobVersionsPrefix);
    useGlue(this, database, '*');
    publish(this, bus);
    this.allow(['sqs:SendMessage'], [jobDlq.queueArn]);
    const machines = `${stateMachineArnPrefix(config)}*`;
    this.allowBelow(allJobs, ['states:StartExecution', 'states:ListExecutions'], [machines]);
    const executions = `${machines.replace(':stateMachine:', ':execution:')}:*`;
    this.allowBelow(allJobs, ['states:DescribeExecution'], [executions]);
  }
}
