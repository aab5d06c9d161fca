/** The slices from one to another; where they cannot be, a refusal with the command that can. */
import { DateTime, type DurationLikeObject } from 'luxon';
import { ForebayError } from '../errors.ts';
import type { Job } from '../job/model.ts';
import { nextSlice, parseSlice, type Slice, sliceForScheduledTime, slicesBetween } from '../slice.ts';
import type { BackfillRequest } from './model.ts';

type Timed = Pick<Job, 'name' | 'cadence' | 'timezone'>;

/** More than a year of hours. What is longer is asked for in parts, so that one mistake is no larger. */
export const maxSlices = 10_000;

export function sliceRange(job: Timed, request: BackfillRequest, now: string): Slice[] {
  const from = edge(job, request, 'from');
  const to = edge(job, request, 'to');
  if (from.start === null || to.start === null || to.end === null) return [from];
  if (from.start > to.start) {
    const what = `from ${from.name} to ${to.name} is the wrong way round`;
    throw refused(job, what, { ...request, from: to.name, to: from.name });
  }
  const last = sliceForScheduledTime({ ...job, lagSeconds: 0 }, now);
  if (last.start !== null && to.start > last.start) {
    const what = `${to.name} has not ended yet; the last slice that has is ${last.name}`;
    const first = from.start > last.start ? last.name : from.name;
    throw refused(job, what, { ...request, from: first, to: last.name });
  }
  const slices = slicesBetween(job, from, to, maxSlices);
  if (slices.length > maxSlices) {
    const what = `from ${from.name} to ${to.name} there are more than ${maxSlices} slices`;
    const part = { ...request, to: slices[maxSlices - 1]?.name ?? to.name };
    throw refused(job, `${what}; do them in parts, of which this is the first`, part);
  }
  return slices;
}

function edge(job: Timed, request: BackfillRequest, name: 'from' | 'to'): Slice {
  try {
    return parseSlice(job, request[name]);
  } catch (error) {
    const [from, to] = [aligned(job, request.from, 'from'), aligned(job, request.to, 'to')];
    if (from === null || to === null) throw error;
    const what = `'${request[name].slice(0, 60)}' is not a slice of ${job.name}, which is ${job.cadence}`;
    throw refused(job, what, { ...request, from, to });
  }
}

const precisions: ReadonlyArray<[pattern: RegExp, unit: DurationLikeObject]> = [
  [/^\d{4}$/, { years: 1 }],
  [/^\d{4}-\d\d$/, { months: 1 }],
  [/^\d{4}-\d\d-\d\d$/, { days: 1 }],
  [/^\d{4}-\d\d-\d\dT\d\d(-2)?$/, { hours: 1 }],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d/, { minutes: 1 }],
];

/** The slice that the named time begins or ends in; `null` where it names no time. */
function aligned(job: Timed, text: string, end: 'from' | 'to'): string | null {
  if (job.cadence === 'once') return 'once';
  const unit = precisions.find(([pattern]) => pattern.test(text))?.[1];
  const start = DateTime.fromISO(
    text.replace(/-2$/, (found) => (text.includes('T') ? '' : found)),
    {
      zone: job.timezone,
    },
  );
  if (unit === undefined || !start.isValid) return null;
  const within = end === 'from' ? start : start.plus(unit).minus({ milliseconds: 1 });
  const before = sliceForScheduledTime({ ...job, lagSeconds: 0 }, within.toISO() ?? '');
  return nextSlice(job, before)?.name ?? null;
}

const refused = (job: Timed, what: string, instead: BackfillRequest): ForebayError =>
  new ForebayError('BackfillRefused', `${what}; run \`${backfillCommand(job.name, 'plan', instead)}\``);

/** The command line that asks for just this. */
export function backfillCommand(
  job: string,
  verb: 'plan' | 'start',
  { from, to, reprocess, fromRaw, lanes, order }: BackfillRequest,
): string {
  const options = [
    `--from ${from} --to ${to}`,
    ...(reprocess === 'none' || fromRaw ? [] : [`--reprocess ${reprocess}`]),
    ...(fromRaw ? ['--from-raw'] : []),
    ...(lanes === 1 ? [] : [`--lanes ${lanes}`]),
    ...(order === 'oldest' ? [] : [`--order ${order}`]),
  ];
  return `forebay backfill ${verb} ${job} ${options.join(' ')}`;
}
