import { Duration } from 'aws-cdk-lib';
import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { jobStagingPrefix, rawPrefixes, tableName, tablePrefix } from '../core/storage.ts';
import { environment as catalogEnvironment } from '../tasks/catalog/contract.ts';
import { environment as closeRunEnvironment } from '../tasks/close-run/contract.ts';
import { environment as discoverEnvironment } from '../tasks/discover/contract.ts';
import { environment as envelopeEnvironment } from '../tasks/envelope/contract.ts';
import type { Variable } from '../tasks/environment.ts';
import { environment as extractEnvironment } from '../tasks/extract/contract.ts';
import { environment as failRunEnvironment } from '../tasks/fail-run/contract.ts';
import { environment as openRunEnvironment } from '../tasks/open-run/contract.ts';
import { environment as planEnvironment } from '../tasks/plan/contract.ts';
import { environment as reconcileEnvironment } from '../tasks/reconcile/contract.ts';
import { environment as recordFailureEnvironment } from '../tasks/record-failure/contract.ts';
import { environment as writeLakeEnvironment } from '../tasks/write-lake/contract.ts';
import type { JobTask } from '../workflows/job-machine.ts';
import { useGlue } from './glue.ts';
import {
  missObjects,
  publish,
  putOutcomes,
  readObjects,
  useRuns,
  useSlices,
  writeObjects,
} from './grants.ts';
import type { JobProps } from './job.ts';
import { environmentValues } from './job-environment.ts';
import { executionArns, stateMachineArn } from './names.ts';
import { grantPrivacy } from './privacy.ts';
import { sendTaskResource } from './quirks.ts';
import { grantSource } from './source.ts';
import { Task } from './task.ts';
import { catalogTimeout, writerTimeout } from './timeouts.ts';

interface Shape {
  timeout: Duration;
  memoryMiB: number;
  temporaryMiB?: number;
}

const small: Shape = { timeout: Duration.minutes(1), memoryMiB: 256 };
const listing: Shape = { timeout: Duration.minutes(5), memoryMiB: 1_024 };

/** A job's functions, each with what it may do. Prefixes keep a job to its own objects. */
export class JobTasks extends Construct {
  readonly writeLake: Task;
  readonly versions: Record<JobTask, IVersion>;
  readonly #props: JobProps;
  readonly #values: Record<Variable, string>;
  readonly #job: string;

  constructor(scope: Construct, id: string, props: JobProps) {
    super(scope, id);
    this.#props = props;
    this.#job = props.version.job.name;
    this.#values = environmentValues(props);
    this.writeLake = this.#writeLake();
    this.versions = {
      OpenRun: this.#openRun().version,
      Discover: this.#discover().version,
      Extract: this.#extract().version,
      Plan: this.#plan().version,
      Envelope: this.#envelope().version,
      RecordFailure: this.#recordFailure().version,
      Reconcile: this.#reconcile().version,
      Catalog: this.#catalog().version,
      CloseRun: this.#closeRun().version,
      FailRun: this.#failRun().version,
    };
  }

  #task(id: string, folder: string, names: readonly Variable[], shape: Shape, duckdb = false): Task {
    const { shared, bundles } = this.#props;
    return new Task(this, id, {
      config: shared.config,
      bundle: bundles.get(folder) ?? '',
      environment: Object.fromEntries(names.map((name) => [name, this.#values[name]])) as Record<
        Variable,
        string
      >,
      layers: duckdb ? [shared.duckdb] : [],
      ...shape,
    });
  }

  get #staging(): string {
    return jobStagingPrefix(this.#job);
  }

  get #versionsOfJob(): string {
    return `jobs/${this.#job}/`;
  }

  #openRun(): Task {
    const { shared, asset } = this.#props;
    const task = this.#task('OpenRun', 'open-run', openRunEnvironment, { ...small, memoryMiB: 512 });
    task.allow(['s3:GetObject'], [asset.bucket.arnForObjects(asset.s3ObjectKey)]);
    missObjects(task, shared.zones.ops.bucket.bucketArn, this.#versionsOfJob);
    writeObjects(task, shared.zones.ops, this.#versionsOfJob);
    readObjects(task, shared.zones.ops, this.#versionsOfJob);
    useSlices(task, shared.ledger, this.#job, 'GetItem', 'UpdateItem');
    useRuns(task, shared.ledger, this.#job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
    this.#mayFinish(task);
    task.allow(['sqs:SendMessage'], [shared.jobDlq.queueArn]);
    task.allowBelow(
      "Executions of this job's own machine: whoever holds the lease is one of them.",
      ['states:DescribeExecution'],
      [executionArns(shared.config, this.#job)],
    );
    return task;
  }

  #discover(): Task {
    const { shared, version } = this.#props;
    const task = this.#task('Discover', 'discover', discoverEnvironment, listing);
    grantSource(task, shared, version.job, 'list');
    // A repeat takes the listing that an earlier attempt put.
    readObjects(task, shared.zones.ops, this.#versionsOfJob, `${this.#staging}*/objects.json`);
    writeObjects(task, shared.zones.ops, this.#staging);
    useSlices(task, shared.ledger, this.#job, 'GetItem');
    useRuns(task, shared.ledger, this.#job, 'UpdateItem');
    return task;
  }

  #extract(): Task {
    const { shared, version } = this.#props;
    const task = this.#task('Extract', 'extract', extractEnvironment, {
      timeout: Duration.minutes(15),
      memoryMiB: 1_769,
    });
    grantSource(task, shared, version.job, 'read');
    readObjects(task, shared.zones.ops, this.#versionsOfJob);
    writeObjects(task, shared.zones.ops, this.#staging);
    writeObjects(task, shared.zones.raw, ...rawPrefixes(this.#job));
    readObjects(task, shared.zones.raw, ...rawPrefixes(this.#job));
    putOutcomes(task, shared.ledger);
    return task;
  }

  #plan(): Task {
    const { shared } = this.#props;
    const task = this.#task('Plan', 'plan', planEnvironment, listing);
    readObjects(task, shared.zones.ops, this.#staging, this.#versionsOfJob);
    missObjects(task, shared.zones.ops.bucket.bucketArn, this.#staging);
    writeObjects(task, shared.zones.ops, this.#staging);
    useRuns(task, shared.ledger, this.#job, 'Query', 'UpdateItem');
    return task;
  }

  #envelope(): Task {
    const { shared, version } = this.#props;
    const shape = { timeout: Duration.minutes(15), memoryMiB: 1_769, temporaryMiB: 2_048 };
    const task = this.#task('Envelope', 'envelope', envelopeEnvironment, shape, true);
    readObjects(task, shared.zones.raw, ...rawPrefixes(this.#job));
    readObjects(task, shared.zones.ops, this.#versionsOfJob);
    writeObjects(task, shared.zones.ops, this.#staging, `rejects/${this.#job}/`);
    putOutcomes(task, shared.ledger);
    grantPrivacy(task, shared, version.job);
    return task;
  }

  #recordFailure(): Task {
    const task = this.#task('RecordFailure', 'record-failure', recordFailureEnvironment, small);
    putOutcomes(task, this.#props.shared.ledger);
    return task;
  }

  #writeLake(): Task {
    const { shared } = this.#props;
    const task = this.#task('WriteLake', 'write-lake', writeLakeEnvironment, {
      timeout: writerTimeout,
      memoryMiB: 512,
    });
    const table = tablePrefix(this.#job);
    readObjects(task, shared.zones.ops, this.#staging);
    writeObjects(task, shared.zones.lake, table);
    readObjects(task, shared.zones.lake, table);
    useRuns(task, shared.ledger, this.#job, 'GetItem', 'PutItem', 'UpdateItem');
    const machine = stateMachineArn(shared.config, this.#job);
    task.allowBelow(
      'A pattern on the local cloud alone, which knows no narrower; on AWS it is one machine.',
      ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      [sendTaskResource(shared.config, machine)],
    );
    return task;
  }

  #reconcile(): Task {
    const { shared } = this.#props;
    const task = this.#task('Reconcile', 'reconcile', reconcileEnvironment, {
      timeout: Duration.minutes(15),
      memoryMiB: 1_769,
    });
    const manifests = `manifests/${this.#job}/`;
    readObjects(task, shared.zones.ops, this.#staging, this.#versionsOfJob, manifests);
    writeObjects(task, shared.zones.ops, manifests);
    useRuns(task, shared.ledger, this.#job, 'Query', 'UpdateItem');
    return task;
  }

  #catalog(): Task {
    const { shared } = this.#props;
    const task = this.#task('Catalog', 'catalog', catalogEnvironment, {
      timeout: catalogTimeout,
      memoryMiB: 512,
    });
    readObjects(task, shared.zones.ops, `manifests/${this.#job}/`);
    useSlices(task, shared.ledger, this.#job, 'GetItem');
    useRuns(task, shared.ledger, this.#job, 'GetItem', 'UpdateItem');
    useGlue(task, shared.database, tableName(this.#job));
    return task;
  }

  #closeRun(): Task {
    const { shared } = this.#props;
    const task = this.#task('CloseRun', 'close-run', closeRunEnvironment, small);
    readObjects(task, shared.zones.ops, this.#versionsOfJob);
    useSlices(task, shared.ledger, this.#job, 'GetItem', 'UpdateItem');
    useRuns(task, shared.ledger, this.#job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
    this.#mayFinish(task);
    return task;
  }

  #failRun(): Task {
    const { shared } = this.#props;
    const task = this.#task('FailRun', 'fail-run', failRunEnvironment, small);
    readObjects(task, shared.zones.ops, this.#versionsOfJob);
    useSlices(task, shared.ledger, this.#job, 'GetItem', 'UpdateItem');
    useRuns(task, shared.ledger, this.#job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
    this.#mayFinish(task);
    task.allow(['sqs:SendMessage'], [shared.jobDlq.queueArn]);
    return task;
  }

  /** Whoever closes a run tells the bus, and starts the run that a mark asks for. */
  #mayFinish(task: Task): void {
    const { shared } = this.#props;
    publish(task, shared.bus);
    task.allow(['states:StartExecution'], [stateMachineArn(shared.config, this.#job)]);
  }
}
