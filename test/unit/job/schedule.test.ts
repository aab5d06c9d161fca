/** The grammar of EventBridge Scheduler's recurring expressions, as its user guide ("Schedule types") has it. */
import { expect, test } from 'vitest';
import { scheduleProblem } from '../../../core/job/schedule.ts';

test.each([
  'rate(1 minute)',
  'rate(5 minutes)',
  'rate(1 hour)',
  'rate(12 hours)',
  'rate(1 day)',
  'rate(7 days)',
  'cron(15 2 * * ? *)',
  'cron(0 0 1 * ? *)',
  'cron(0 0 1,15 * ? *)',
  'cron(0 8 1-15 1-6 ? 2026-2030)',
  'cron(0/15 * * * ? *)',
  'cron(*/10 8-17 ? * MON-FRI *)',
  'cron(5/10 0 ? JAN,MAR,DEC SUN,WED 2026)',
  'cron(0 18 L * ? *)',
  'cron(0 18 LW * ? *)',
  'cron(0 18 3W * ? *)',
  'cron(0 18 31W * ? *)',
  'cron(0 18 ? * L *)',
  'cron(0 18 ? * 6L *)',
  'cron(0 18 ? * FRIL *)',
  'cron(0 18 ? * 3#2 *)',
  'cron(0 18 ? * TUE#5 *)',
  'cron(59 23 31 12 ? 2199)',
  'cron(0 0 1 1 ? 1970)',
  'cron(0 0 1/2 * ? *)',
  'cron( 0  2 * * ? * )',
])('%s is a schedule', (expression) => {
  expect(scheduleProblem(expression)).toBeNull();
});

const form = "cron(…) or rate(…), e.g. 'cron(15 2 * * ? *)' or 'rate(1 hour)'";
const plural = 'rate(1 hour), or rate(2 hours) with the plural from 2 on';
const oneDay = "a ? in exactly one of day of month and day of week, e.g. 'cron(15 2 * * ? *)'";
const sixFields = (n: number) =>
  `six fields: minutes, hours, day of month, month, day of week, year; these are ${n}`;
const field = (name: string, from: number, to: number, value: string) =>
  `a ${name} from ${from} to ${to} (also * , - / and the like), not '${value}'`;

test.each([
  ['15 2 * * ? *', form],
  ['@daily', form],
  ['at(2026-03-01T02:15:00)', form],
  ['CRON(15 2 * * ? *)', form],
  ['cron(15 2 * * ? *', form],
  ['rate(1 week)', form],
  ['rate(1.5 hours)', form],
  ['rate(-1 hours)', form],
  ['rate(hour)', form],
  ['rate(0 hours)', 'rate(n unit) with n from 1'],
  ['rate(1 hours)', plural],
  ['rate(2 hour)', plural],
  ['cron()', sixFields(1)],
  ['cron(15 2 * * ?)', sixFields(5)],
  ['cron(0 15 2 * * ? *)', sixFields(7)],
  ['cron(15 2 * * * *)', oneDay],
  ['cron(15 2 ? * ? *)', oneDay],
  ['cron(15 2 1 * MON *)', oneDay],
  ['cron(60 2 * * ? *)', field('minutes', 0, 59, '60')],
  ['cron(? 2 * * ? *)', field('minutes', 0, 59, '?')],
  ['cron(1- 2 * * ? *)', field('minutes', 0, 59, '1-')],
  ['cron(*/0 2 * * ? *)', field('minutes', 0, 59, '*/0')],
  ['cron(,5 2 * * ? *)', field('minutes', 0, 59, ',5')],
  ['cron(15 24 * * ? *)', field('hours', 0, 23, '24')],
  ['cron(15 -1 * * ? *)', field('hours', 0, 23, '-1')],
  ['cron(15 2 0 * ? *)', field('day of month', 1, 31, '0')],
  ['cron(15 2 32 * ? *)', field('day of month', 1, 31, '32')],
  ['cron(15 2 0W * ? *)', field('day of month', 1, 31, '0W')],
  ['cron(15 2 32W * ? *)', field('day of month', 1, 31, '32W')],
  ['cron(15 2 3#1 * ? *)', field('day of month', 1, 31, '3#1')],
  ['cron(15 2 * 13 ? *)', field('month', 1, 12, '13')],
  ['cron(15 2 * MAI ? *)', field('month', 1, 12, 'MAI')],
  ['cron(15 2 * JAN-MAI ? *)', field('month', 1, 12, 'JAN-MAI')],
  ['cron(15 2 ? * 0 *)', field('day of week', 1, 7, '0')],
  ['cron(15 2 ? * 8 *)', field('day of week', 1, 7, '8')],
  ['cron(15 2 ? * MON/2 *)', field('day of week', 1, 7, 'MON/2')],
  ['cron(15 2 ? * 3#6 *)', field('day of week', 1, 7, '3#6')],
  ['cron(15 2 ? * 8#1 *)', field('day of week', 1, 7, '8#1')],
  ['cron(15 2 ? * XYZ#1 *)', field('day of week', 1, 7, 'XYZ#1')],
  ['cron(15 2 ? * LW *)', field('day of week', 1, 7, 'LW')],
  ['cron(15 2 * * ? 1969)', field('year', 1970, 2199, '1969')],
  ['cron(15 2 * * ? 2200)', field('year', 1970, 2199, '2200')],
])('%s is none', (expression, allowed) => {
  expect(scheduleProblem(expression)).toBe(allowed);
});
