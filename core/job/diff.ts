/** What differs between two versions of a job, field by field. */
import type { Job } from './model.ts';

export interface JobChange {
  /** `contract.columns.qty.type`, `schedule`. */
  field: string;
  /** JSON; `undefined`: there is none. */
  before: unknown;
  after: unknown;
}

/** `before`: `null` where the job is new. In the order of the job's fields. */
export function jobChanges(before: Job | null, after: Job): JobChange[] {
  const [old, now] = [before === null ? new Map() : leaves(before), leaves(after)];
  const fields = new Set([...old.keys(), ...now.keys()]);
  return [...fields].flatMap((field) => {
    const [was, is] = [old.get(field), now.get(field)];
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ field, before: was, after: is }];
  });
}

/** Values by their path; columns by their name, not by their place, and lists as a whole. */
function leaves(job: Job): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const add = (field: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      if (value !== null) found.set(field, value);
      return;
    }
    for (const [name, member] of Object.entries(value)) add(field === '' ? name : `${field}.${name}`, member);
  };
  const columns = Object.fromEntries(job.contract.columns.map(({ name, ...column }) => [name, column]));
  add('', { ...job, contract: { ...job.contract, columns } });
  return found;
}
