/** The contract of one slice: the job's, with the columns that its data brings and the types that its values need. */
import type { Column, Contract, Job } from '../job/model.ts';
import type { ScalarType } from './types.ts';

export interface SliceColumn {
  name: string;
  type: ScalarType;
}

/** What is decided once for a slice: `columns.json`. */
export interface SliceColumns {
  /** In the order in which their fields first come in the slice. */
  added: SliceColumn[];
  /** Columns of the contract with the wider type that they have here. */
  widened: SliceColumn[];
}

/** Whether the slice's data has a say in its contract. */
export const evolves = ({ onNewColumn, onRetypedColumn }: Contract): boolean =>
  onNewColumn === 'evolve' || onRetypedColumn === 'evolve';

/** The job with its slice's contract: new columns stand behind the contract's own, and may be null. */
export function withColumns<J extends Pick<Job, 'contract'>>(job: J, { added, widened }: SliceColumns): J {
  const types = new Map(widened.map(({ name, type }) => [name, type]));
  const own = job.contract.columns.map((column) => ({
    ...column,
    type: types.get(column.name) ?? column.type,
  }));
  const more = added.map((column): Column => ({ ...column, nullable: true, from: null, evolved: true }));
  return { ...job, contract: { ...job.contract, columns: [...own, ...more] } };
}
