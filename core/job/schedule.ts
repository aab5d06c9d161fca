/** EventBridge Scheduler's recurring expressions, as its user guide has them. */

const cronFields = [
  { name: 'minutes', min: 0, max: 59, names: [] },
  { name: 'hours', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ') },
  { name: 'day of week', min: 1, max: 7, names: 'SUN MON TUE WED THU FRI SAT'.split(' ') },
  { name: 'year', min: 1970, max: 2199, names: [] },
] as const;

type CronField = (typeof cronFields)[number];

/** What is allowed instead; `null` where the expression is right. */
export function scheduleProblem(expression: string): string | null {
  const rate = /^rate\((\d+) (minutes?|hours?|days?)\)$/.exec(expression);
  if (rate !== null) {
    const [value, unit = ''] = [Number(rate[1]), rate[2]];
    if (value < 1) return 'rate(n unit) with n from 1';
    return (value === 1) === unit.endsWith('s')
      ? 'rate(1 hour), or rate(2 hours) with the plural from 2 on'
      : null;
  }
  const cron = /^cron\((.*)\)$/.exec(expression);
  if (cron === null) return "cron(…) or rate(…), e.g. 'cron(15 2 * * ? *)' or 'rate(1 hour)'";
  return cronProblem((cron[1] ?? '').trim().split(/\s+/));
}

function cronProblem(values: string[]): string | null {
  if (values.length !== cronFields.length) {
    return `six fields: ${cronFields.map(({ name }) => name).join(', ')}; these are ${values.length}`;
  }
  if ((values[2] === '?') === (values[4] === '?')) {
    return "a ? in exactly one of day of month and day of week, e.g. 'cron(15 2 * * ? *)'";
  }
  for (const [i, field] of cronFields.entries()) {
    if (!isField(values[i] ?? '', field)) {
      return `a ${field.name} from ${field.min} to ${field.max} (also * , - / and the like), not '${values[i]}'`;
    }
  }
  return null;
}

function isField(value: string, field: CronField): boolean {
  if (value === '*') return true;
  if (value === '?') return field.name.startsWith('day');
  return isSpecialDay(value, field) || value.split(',').every((part) => isPart(part, field));
}

/** The last day, the weekday nearest to one, the last Friday, the second Tuesday; each stands alone. */
function isSpecialDay(value: string, field: CronField): boolean {
  if (field.name === 'day of month') return /^(L|LW|([1-9]|[12]\d|3[01])W)$/.test(value);
  const [, day = ''] = /^(\w+?)(?:L|#[1-5])$/.exec(value) ?? [];
  return field.name === 'day of week' && (value === 'L' || inRange(day, field));
}

function isPart(part: string, field: CronField): boolean {
  const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
  if (match === null) return false;
  const [, from, to, step] = match;
  // The user guide has no steps for days of the week.
  if (step === '0' || (step !== undefined && field.name === 'day of week')) return false;
  return [from, to].every((bound) => bound === undefined || inRange(bound, field));
}

function inRange(bound: string, field: CronField): boolean {
  if ((field.names as readonly string[]).includes(bound)) return true;
  return /^\d+$/.test(bound) && Number(bound) >= field.min && Number(bound) <= field.max;
}
