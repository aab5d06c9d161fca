import { expect, test } from 'vitest';
import { confirm } from '../../../cli/commands/dlq-redrive.ts';
import { byId, filterOf } from '../../../cli/failures/select.ts';
import type { FailureRecord } from '../../../core/failure.ts';
import { forebay } from './forebay.ts';

test.each([
  [['dlq', 'redrive'], /say which: an id, or --job, --kind, --error or --older-than; `forebay dlq list`/],
  [['dlq', 'redrive', 'orders/r1', '--job', 'orders'], /give ids or filters, not both/],
  [
    ['dlq', 'redrive', '--older-than', 'soon'],
    /--older-than is 'soon': give a duration such as 30m, 2h or 1d/,
  ],
  [['dlq', 'redrive', '--kind', 'letter'], /Allowed choices are run, write, delivery/],
  [['dlq', 'discard', 'orders/r1'], /say why, with --reason/],
  [['dlq', 'discard', 'orders/r1', '--reason', ' '], /say why, with --reason/],
  [['dlq', 'discard', '--reason', 'sent twice'], /say which/],
  [['dlq', 'list', '--older-than', '2'], /--older-than is '2'/],
  [['runs', 'list', '--limit', '0'], /--limit is '0': give a whole number from 1/],
  [['runs', 'list', '--status', 'DONE'], /Allowed choices are RUNNING/],
])('wrong usage (%j) is one clear message, before anything is asked of a cloud', async (args, message) => {
  const { code, out, err } = await forebay(...args);
  expect({ code: code === 0, out }).toEqual({ code: false, out: '' });
  expect(err).toMatch(message);
  expect(err).not.toMatch(/^\s+at /m);
});

test('filters are what was given, and an age is counted from now', () => {
  const now = new Date('2026-03-02T12:00:00Z');
  expect(filterOf({}, now)).toEqual({});
  expect(filterOf({ job: 'orders', kind: 'write', error: 'AccessDenied', olderThan: '36h' }, now)).toEqual({
    ...{ job: 'orders', kind: 'write', error: 'AccessDenied', before: '2026-03-01T00:00:00.000Z' },
  });
});

test('more than one by filters wants a yes; what is named, and a single one, does not', () => {
  const [one, two] = [{ id: 'orders/r1' }, { id: 'orders/r2' }] as FailureRecord[] as [
    FailureRecord,
    FailureRecord,
  ];
  expect(() => confirm([one, two], [], undefined, 'redrive')).toThrow(
    '2 failures are selected: --yes to redrive them; `forebay dlq list` with the same filters shows them',
  );
  expect(() => confirm([one, two], [], true, 'redrive')).not.toThrow();
  expect(() => confirm([one, two], ['orders/r1', 'orders/r2'], undefined, 'redrive')).not.toThrow();
  expect(() => confirm([one], [], undefined, 'discard')).not.toThrow();
});

test('a failure by its id: a message that is not seen may be in hand, a name that nobody knows is a mistake', async () => {
  const open = { id: 'orders/r1' } as FailureRecord;
  const closed = { id: 'm1', closed: { how: 'discarded' } } as FailureRecord;
  const session = {
    cloud: async () => ({ ledger: { getFailure: async (id: string) => (id === 'm1' ? closed : null) } }),
  };
  expect(await byId(session, [open], 'orders/r1')).toBe(open);
  expect(await byId(session, [open], 'm1')).toBe(closed);
  await expect(byId(session, [open], 'm2')).rejects.toMatchObject({
    message: expect.stringMatching(/it is gone, or somebody has it in hand; try again in two minutes/),
    exitCode: 1,
  });
  await expect(byId(session, [open], 'orders/r2')).rejects.toMatchObject({
    message: "there is no failure 'orders/r2'; did you mean 'orders/r1'?",
    exitCode: 64,
  });
});
