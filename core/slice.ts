/** Slices: half-open intervals of logical time, named so that names sort as text in the order of time. */
import { DateTime, type DurationLikeObject } from 'luxon';
import { ForebayError } from './errors.ts';
import type { Cadence, Job } from './job/model.ts';

export interface Slice {
  name: string;
  /** ISO 8601 in UTC, `[start, end)`; `null` for `once`, which has no edges. */
  start: string | null;
  end: string | null;
}

type Timed = Pick<Job, 'name' | 'cadence' | 'timezone'>;
type TimedCadence = Exclude<Cadence, 'once'>;

const forms: Record<
  TimedCadence,
  { pattern: RegExp; format: string; unit: 'hour' | 'day' | 'month'; example: string }
> = {
  hourly: {
    pattern: /^\d{4}-\d\d-\d\dT\d\d(-2)?$/,
    format: "yyyy-MM-dd'T'HH",
    unit: 'hour',
    example: '2026-03-01T05',
  },
  daily: { pattern: /^\d{4}-\d\d-\d\d$/, format: 'yyyy-MM-dd', unit: 'day', example: '2026-03-01' },
  monthly: { pattern: /^\d{4}-\d\d$/, format: 'yyyy-MM', unit: 'month', example: '2026-03' },
};

/** The slice of that name, or `SliceInvalid` with the form that the job's cadence has. */
export function parseSlice(job: Timed, name: string): Slice {
  if (job.cadence === 'once') {
    if (name === 'once') return { name, start: null, end: null };
    throw invalid(job, name, "its only slice is 'once'");
  }
  const form = forms[job.cadence];
  if (!form.pattern.test(name)) throw invalid(job, name, `write it as ${form.example}`);
  const second = name.endsWith('-2') && job.cadence === 'hourly';
  const text = second ? name.slice(0, -2) : name;
  const first = DateTime.fromISO(text, { zone: job.timezone });
  // Luxon moves a local time that a change of the clock skips: then it reads back as another.
  if (!first.isValid || first.toFormat(form.format) !== text) {
    throw invalid(job, name, `there is no such time in ${job.timezone}; write it as ${form.example}`);
  }
  const occurrences = first.getPossibleOffsets();
  const start = second ? occurrences[1] : startOf(earliest(occurrences), job.cadence);
  if (start === undefined) throw invalid(job, name, `that hour comes only once in ${job.timezone}`);
  return sliceFrom(job.cadence, start);
}

/** The last slice that had ended `lag` before a scheduled time (ISO 8601 with an offset). */
export function sliceForScheduledTime(job: Timed & Pick<Job, 'lagSeconds'>, scheduledTime: string): Slice {
  const time = DateTime.fromISO(scheduledTime, { setZone: true });
  if (!time.isValid || !/(Z|[+-]\d\d:?\d\d)$/.test(scheduledTime)) {
    throw new ForebayError(
      'ScheduledTimeInvalid',
      `'${scheduledTime.slice(0, 60)}' is not a time such as 2026-03-01T02:15:00Z; set the schedule's input to <aws.scheduler.scheduled-time>`,
    );
  }
  if (job.cadence === 'once') return { name: 'once', start: null, end: null };
  const due = time.setZone(job.timezone).minus({ seconds: job.lagSeconds });
  return sliceFrom(job.cadence, startOf(startOf(due, job.cadence).minus({ milliseconds: 1 }), job.cadence));
}

/** The slice in which a moment (ISO 8601 in UTC) lies. */
export function sliceAt(job: Timed, moment: string): Slice {
  if (job.cadence === 'once') return { name: 'once', start: null, end: null };
  return sliceFrom(job.cadence, startOf(DateTime.fromISO(moment, { zone: job.timezone }), job.cadence));
}

/** The slice that begins where this one ends; `null` behind `once`. */
export function nextSlice(job: Timed, slice: Slice): Slice | null {
  if (job.cadence === 'once' || slice.end === null) return null;
  return sliceFrom(job.cadence, DateTime.fromISO(slice.end, { zone: job.timezone }));
}

/**
 * The slices from one to another, both included, in the order of time; none where the second lies before the first.
 * `limit`: at most so many, and one more where there are more.
 */
export function slicesBetween(job: Timed, from: Slice, to: Slice, limit = Number.POSITIVE_INFINITY): Slice[] {
  if (from.start === null || to.start === null) return [from];
  const slices: Slice[] = [];
  for (let at: Slice | null = from; at?.start != null && at.start <= to.start; at = nextSlice(job, at)) {
    slices.push(at);
    if (slices.length > limit) break;
  }
  return slices;
}

function sliceFrom(cadence: TimedCadence, start: DateTime): Slice {
  const { format } = forms[cadence];
  const repeated = cadence === 'hourly' && +start !== +earliest(start.getPossibleOffsets());
  return {
    name: start.toFormat(format) + (repeated ? '-2' : ''),
    start: start.toUTC().toISO({ suppressMilliseconds: true }),
    end: endOf(start, cadence).toUTC().toISO({ suppressMilliseconds: true }),
  };
}

function endOf(start: DateTime, cadence: TimedCadence): DateTime {
  if (cadence !== 'hourly') {
    const step: DurationLikeObject = cadence === 'daily' ? { days: 1 } : { months: 1 };
    return startOf(start.plus(step), cadence);
  }
  const next = startOf(start.plus({ minutes: 60 }), cadence);
  // An hour into which the clock goes back by half an hour is longer.
  return +next > +start ? next : startOf(start.plus({ minutes: 120 }), cadence);
}

function startOf(time: DateTime, cadence: TimedCadence): DateTime {
  if (cadence === 'hourly') return startOfHour(time);
  // Where midnight comes twice, Luxon may answer with the second.
  return earliest(time.startOf(forms[cadence].unit).getPossibleOffsets());
}

/** By time passed, not by local time: in a repeated hour Luxon's `startOf` may answer with the first of the two. */
function startOfHour(time: DateTime): DateTime {
  const start = time.minus({ minutes: time.minute, seconds: time.second, milliseconds: time.millisecond });
  if (start.minute === 0) return start;
  // The clock was changed by half an hour within these minutes: back in the same hour, or on to this one.
  return start.hour === time.hour ? startOfHour(start) : start.plus({ minutes: 60 - start.minute });
}

const earliest = (times: DateTime[]): DateTime =>
  times.reduce((first, time) => (+time < +first ? time : first));

function invalid(job: Timed, name: string, what: string): ForebayError {
  return new ForebayError(
    'SliceInvalid',
    `'${name.slice(0, 60)}' is not a slice of ${job.name} (${job.cadence}): ${what}`,
  );
}
