import { Stack } from 'aws-cdk-lib';
import type { Task } from './task.ts';

/** Reads and evolves one table (or all, `*`) of the database and its partitions. */
export function useGlue(task: Task, database: string, table: string): void {
  const { partition, region, account } = Stack.of(task);
  const arn = (resource: string) => `arn:${partition}:glue:${region}:${account}:${resource}`;
  task.allowBelow(
    'Every table of the database for the sweeper alone; a job has its own table, by name.',
    [
      'glue:GetTable',
      'glue:CreateTable',
      'glue:UpdateTable',
      'glue:GetPartition',
      'glue:BatchCreatePartition',
      'glue:BatchUpdatePartition',
    ],
    [arn('catalog'), arn(`database/${database}`), arn(`table/${database}/${table}`)],
  );
}
