/** What starts a job's runs: their fields in a job file, and the rules between them. */
import * as z from 'zod';
import type { Job } from './model.ts';
import { type Found, shown } from './problems.ts';
import { scheduleProblem } from './schedule.ts';
import { duration, fields, oneOf, secondsOf, text } from './shapes.ts';

/** Seconds: the longest that a message of SQS can wait before it is delivered. */
export const longestQuiet = 900;
/** Minutes: EventBridge Scheduler's longest flexible window. */
export const longestWindow = 1_440;

/** Jobs: a rule of EventBridge takes 2,048 characters, a function's environment 4 KB. */
export const longestAfter = 20;

const nameForm = "the name of a file, without a /, e.g. '_SUCCESS'";

export const triggerSpecs = {
  schedule: text(
    "cron(…) or rate(…), as EventBridge Scheduler has them, e.g. 'cron(15 2 * * ? *)'",
  ).optional(),
  scheduleWindow: duration.optional(),
  freshness: duration.optional(),
  catchUp: z.boolean({ error: 'true or false' }).default(false),
  arrival: fields(
    { quiet: duration.default('1m'), marker: z.string({ error: nameForm }).optional() },
    "{ quiet: '2m' } and, where needed, marker",
  ).optional(),
  after: z.array(text('names of jobs'), { error: 'a list of names of jobs' }).default([]),
  onRevision: oneOf(['rerun', 'ignore']).default('rerun'),
};

const triggersSpec = z.object(triggerSpecs);
type Triggers = Pick<
  Job,
  'schedule' | 'scheduleWindowMinutes' | 'freshnessSeconds' | 'catchUp' | 'arrival' | 'after' | 'onRevision'
>;

/** As long as a slice: what a scheduled slice may be late where the job does not say. */
const cadenceSeconds = { hourly: 3_600, daily: 86_400, monthly: 31 * 86_400, once: null };

export function toTriggers(spec: z.output<typeof triggersSpec>, cadence: Job['cadence']): Triggers {
  const { schedule = null, scheduleWindow, freshness, catchUp, arrival, after, onRevision } = spec;
  const standard = schedule === null ? null : cadenceSeconds[cadence];
  return {
    schedule,
    scheduleWindowMinutes: scheduleWindow === undefined ? 0 : secondsOf(scheduleWindow) / 60,
    freshnessSeconds: freshness === undefined ? standard : secondsOf(freshness),
    catchUp,
    arrival:
      arrival === undefined
        ? null
        : { quietSeconds: secondsOf(arrival.quiet), marker: arrival.marker ?? null },
    after,
    onRevision,
  };
}

/** What one job's triggers ask of it; what they ask of other jobs is known where all are loaded. */
export function triggerRules(job: Job): Found[] {
  return [...scheduleRules(job), ...freshnessRules(job), ...arrivalRules(job), ...afterRules(job)];
}

function scheduleRules({ schedule, scheduleWindowMinutes: window, cadence }: Job): Found[] {
  const found: Found[] = [];
  const wrong = (field: string, value: unknown, allowed: string) =>
    found.push({ field, value: shown(value), allowed });
  const problem = schedule === null ? null : scheduleProblem(schedule);
  if (problem !== null) wrong('schedule', schedule, problem);
  if (schedule !== null && cadence === 'once') wrong('schedule', schedule, "no schedule with cadence 'once'");
  const minutes = Number.isInteger(window) && window <= longestWindow;
  if (!minutes) wrong('scheduleWindow', `${window * 60}s`, 'whole minutes, at most 1440m');
  if (window !== 0 && schedule === null)
    wrong('scheduleWindow', `${window}m`, 'a window only beside a schedule');
  return found;
}

function freshnessRules({ cadence, freshnessSeconds, catchUp }: Job): Found[] {
  const found: Found[] = [];
  if (freshnessSeconds !== null && cadence === 'once') {
    const allowed = "no freshness with cadence 'once', whose slice has no end";
    found.push({ field: 'freshness', value: shown(`${freshnessSeconds}s`), allowed });
  }
  if (catchUp && freshnessSeconds === null) {
    const allowed = 'true only beside a schedule or a freshness, which tell the slices that there should be';
    found.push({ field: 'catchUp', value: shown(catchUp), allowed });
  }
  return found;
}

function arrivalRules({ arrival, source, cadence }: Job): Found[] {
  if (arrival === null) return [];
  const found: Found[] = [];
  const { quietSeconds, marker } = arrival;
  if (quietSeconds > longestQuiet) {
    const allowed = `at most 15m: a message waits no longer before it is delivered`;
    found.push({ field: 'arrival.quiet', value: shown(`${quietSeconds}s`), allowed });
  }
  if (marker !== null && !/^[^/]+$/.test(marker))
    found.push({ field: 'arrival.marker', value: shown(marker), allowed: nameForm });
  // Between two slices of one prefix a key would not tell which of them it is in.
  const parts = source.kind === 's3' ? source.prefix.split('{slice}').length : 2;
  if (parts !== 2 && cadence !== 'once') {
    const allowed = 'none with a source.prefix that has {slice} more than once: a key must tell its slice';
    found.push({ field: 'arrival', value: shown(arrival), allowed });
  }
  return found;
}

function afterRules({ after, name, onRevision }: Job): Found[] {
  const found = after.flatMap((other, i): Found[] => {
    const field = `after.${i}`;
    if (other === name) return [{ field, value: shown(other), allowed: 'another job than itself' }];
    return after.indexOf(other) === i ? [] : [{ field, value: shown(other), allowed: 'each job once' }];
  });
  if (after.length > longestAfter) {
    const allowed = `at most ${longestAfter} jobs`;
    found.push({ field: 'after', value: shown(after.length), allowed });
  }
  if (onRevision === 'ignore' && after.length === 0)
    found.push({ field: 'onRevision', value: shown(onRevision), allowed: "'ignore' only beside after" });
  return found;
}
