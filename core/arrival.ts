/** Files that arrive: which slice each is of, which notice of a file is news, and the run that they ask for. */
import { ForebayError } from './errors.ts';
import { executionName } from './execution-name.ts';
import type { Cadence, Job } from './job/model.ts';
import { slicePrefix } from './listing.ts';
import { parseSlice } from './slice.ts';

/** What of a job tells the slices of its files. */
export type Receiving = Pick<Job, 'name' | 'cadence' | 'timezone' | 'source'>;

/** Names as slices have them; behind an hour, `-2` is its second occurrence, or the beginning of what follows. */
const nameForms: Record<Cadence, RegExp[]> = {
  hourly: [/^\d{4}-\d\d-\d\dT\d\d/, /^\d{4}-\d\d-\d\dT\d\d-2/],
  daily: [/^\d{4}-\d\d-\d\d/],
  monthly: [/^\d{4}-\d\d/],
  once: [/^once/],
};

/**
 * The slices whose listing has this key: one, where the prefix says where the name ends. None for what lies in a
 * bucket of others and is none of the job's. `SliceInvalid`: the key is the job's, and names no slice of it.
 */
export function slicesOfKey(job: Receiving, key: string): string[] {
  const [before = '', after] = slicePrefix(job, '{slice}').split('{slice}');
  // A job that is loaded once may have a prefix that names no slice.
  if (after === undefined) return key.startsWith(before) ? ['once'] : [];
  if (!key.startsWith(before)) return [];
  const rest = key.slice(before.length);
  if (job.source.kind === 's3' && after !== '' && !rest.includes(after)) return [];
  const names = nameForms[job.cadence].flatMap((form) => form.exec(rest)?.[0] ?? []);
  const slices = names.filter((name) => rest.slice(name.length).startsWith(after) && isSlice(job, name));
  if (slices.length > 0) return slices;
  const named = after === '' ? rest : rest.split(after)[0];
  // Says which form a slice has.
  parseSlice(job, named ?? rest);
  throw new ForebayError('SliceInvalid', `${key.slice(0, 200)} lies below no slice of ${job.name}`);
}

function isSlice(job: Receiving, name: string): boolean {
  try {
    return parseSlice(job, name).name === name;
  } catch {
    return false;
  }
}

/**
 * S3's `sequencer` in a form whose order as text is that of the events of one key: hexadecimal digits, of which the
 * shorter number counts as filled up with zeros on its right.
 */
export const sequence = (sequencer: string): string => sequencer.toLowerCase().replace(/0+$/, '');

/** Names an execution: the same for each repeat, and at most 80 characters. */
export const arrivalRunId = (job: string, slice: string, count: number): string =>
  executionName('arrival', job, slice, count);
