/** What a contract's columns are behind the privacy rules: in Parquet, in the catalog and in the ids. */
import { metadataGlueType } from '../envelope/struct.ts';
import type { Column, Job } from '../job/model.ts';
import { protectedType } from '../privacy/columns.ts';
import { ruleOf } from '../privacy/rules.ts';
import { type ColumnType, glueType } from './types.ts';

export interface OutputColumn {
  column: Column;
  /** Behind the rules. */
  type: ColumnType;
}

/** In the contract's order; what is dropped is gone. */
export const outputColumns = (job: Pick<Job, 'contract' | 'privacy'>): OutputColumn[] =>
  job.contract.columns.flatMap((column) => {
    if (ruleOf(job, column.name) === 'drop') return [];
    return [{ column, type: protectedType(job, { path: column.name, type: column.type }) }];
  });

/** The table's columns in Glue's words: `metadata`, then the contract's. Glue keeps names in lower case. */
export const catalogColumns = (
  job: Pick<Job, 'contract' | 'privacy'>,
): Array<{ name: string; type: string }> => [
  { name: 'metadata', type: metadataGlueType },
  ...outputColumns(job).map(({ column, type }) => ({ name: column.name, type: glueType(type) })),
];
