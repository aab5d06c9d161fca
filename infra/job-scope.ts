import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { evolves } from '../core/contract/slice.ts';
import { jobStagingPrefix, majorOf, tableName, tablePrefix } from '../core/storage.ts';
import type { Variable } from '../tasks/environment.ts';
import type { JobProps } from './job.ts';
import { environmentValues } from './job-environment.ts';
import { Task } from './task.ts';

export interface Shape {
  timeout: Duration;
  memoryMiB: number;
  temporaryMiB?: number;
  /** Whether it has DuckDB's layer. */
  duckdb?: boolean;
}

export const small: Shape = { timeout: Duration.minutes(1), memoryMiB: 256 };
export const listing: Shape = { timeout: Duration.minutes(5), memoryMiB: 1_024 };

/** What all functions of a job are made with. Prefixes keep a job to its own objects. */
export class JobScope {
  readonly props: JobProps;
  readonly job: string;
  readonly #scope: Construct;
  readonly #values: Record<Variable, string>;

  constructor(scope: Construct, props: JobProps) {
    this.props = props;
    this.job = props.version.job.name;
    this.#scope = scope;
    this.#values = environmentValues(props);
  }

  /** A function of the job, which may do nothing yet. */
  task(
    id: string,
    folder: string,
    names: readonly Variable[],
    { duckdb = false, ...shape }: Shape,
    own: Partial<Record<Variable, string>> = {},
  ): Task {
    const { shared, bundles } = this.props;
    const values = { ...this.#values, ...own };
    return new Task(this.#scope, id, {
      config: shared.config,
      bundle: bundles.get(folder) ?? '',
      environment: Object.fromEntries(names.map((name) => [name, values[name]])) as Record<Variable, string>,
      layers: duckdb ? [shared.duckdb] : [],
      ...shape,
    });
  }

  get staging(): string {
    return jobStagingPrefix(this.job);
  }

  /** Prefixes of what is decided of the columns of slices; none where the contract alone says them. */
  get columns(): string[] {
    return evolves(this.props.version.job.contract) ? [`${this.staging}*/columns.json`] : [];
  }

  /** Tables of the job and their prefixes in the lake: also of former major versions, since runs that go on write them. */
  get tables(): Array<{ name: string; prefix: string }> {
    return Array.from({ length: majorOf(this.props.version.job) }, (_, i) => ({
      name: tableName(this.job, i + 1),
      prefix: tablePrefix(this.job, i + 1),
    }));
  }

  /** Of the job's versions. */
  get versions(): string {
    return `jobs/${this.job}/`;
  }
}
