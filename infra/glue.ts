import { Stack } from 'aws-cdk-lib';
import type { Task } from './task.ts';

/** Reads and evolves one table (or all, `*`) of the database and its partitions. */
export function useGlue(task: Task, database: string, table: string): void {
  allowGlue(task, database, table, [
    'GetTable',
    'CreateTable',
    'UpdateTable',
    'GetPartition',
    'BatchCreatePartition',
    'BatchUpdatePartition',
  ]);
}

/** Reads the columns of one table. */
export function readTable(task: Task, database: string, table: string): void {
  allowGlue(task, database, table, ['GetTable']);
}

function allowGlue(task: Task, database: string, table: string, verbs: readonly string[]): void {
  const { partition, region, account } = Stack.of(task);
  const arn = (resource: string) => `arn:${partition}:glue:${region}:${account}:${resource}`;
  task.allowBelow(
    'Every table of the database for the sweeper alone; a job has its own table, by name.',
    verbs.map((verb) => `glue:${verb}`),
    [arn('catalog'), arn(`database/${database}`), arn(`table/${database}/${table}`)],
  );
}
