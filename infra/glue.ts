import { Stack } from 'aws-cdk-lib';
import type { Task } from './task.ts';

/** Reads and evolves tables (or all, `*`) of the database and their partitions. */
export function useGlue(task: Task, database: string, ...tables: string[]): void {
  allowGlue(task, database, tables, [
    'GetTable',
    'CreateTable',
    'UpdateTable',
    'GetPartition',
    'BatchCreatePartition',
    'BatchUpdatePartition',
  ]);
}

/** Reads the columns of tables. */
export function readTable(task: Task, database: string, ...tables: string[]): void {
  allowGlue(task, database, tables, ['GetTable']);
}

function allowGlue(task: Task, database: string, tables: readonly string[], verbs: readonly string[]): void {
  const { partition, region, account } = Stack.of(task);
  const arn = (resource: string) => `arn:${partition}:glue:${region}:${account}:${resource}`;
  task.allowBelow(
    'Every table of the database for the sweeper alone; a job has its own table, by name.',
    verbs.map((verb) => `glue:${verb}`),
    [
      arn('catalog'),
      arn(`database/${database}`),
      ...tables.map((table) => arn(`table/${database}/${table}`)),
    ],
  );
}
