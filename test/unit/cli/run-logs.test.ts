import { expect, test } from 'vitest';
import { readRunLines, windowOf } from '../../../cli/run-logs.ts';

const group = 'Forebay-local-job-orders-JobTasksEnvelopeLog';
const at = '2026-03-02T12:00:00.000Z';
const line = (fields: object) => ({ at, group, text: `${JSON.stringify(fields)}\n` });

const done = line({ level: 'INFO', message: 'Envelope done', task: 'Envelope', runId: 'r1', shard: 0 });
const failed = line({
  ...{ level: 'ERROR', message: 'Envelope failed', task: 'Envelope', runId: 'r1', shard: 1 },
  error: { name: 'MemoryExceeded', message: 'of 1,769 MB' },
});
const machine = {
  at,
  group: '/aws/vendedlogs/states/forebay-local-orders',
  text: '{"type":"ExecutionFailed"}',
};
const measured = line({ _aws: {}, RunsFailed: 1, runId: 'r1' });

test('each line has its time, its level, its task and its shard, and all else as the log has it', () => {
  expect(readRunLines([done, failed, machine, measured], {})).toEqual([
    { at, level: 'INFO', task: 'Envelope', shard: 0, message: 'Envelope done', line: JSON.parse(done.text) },
    {
      ...{ at, level: 'ERROR', task: 'Envelope', shard: 1, message: 'Envelope failed' },
      line: JSON.parse(failed.text),
    },
    {
      ...{ at, level: 'ERROR', task: null, shard: null, message: 'ExecutionFailed' },
      line: { type: 'ExecutionFailed' },
    },
    { at, level: 'INFO', task: null, shard: null, message: 'measured', line: JSON.parse(measured.text) },
  ]);
});

test('lines can be of one shard, or of errors alone', () => {
  const messages = (pick: Parameters<typeof readRunLines>[1]) =>
    readRunLines([done, failed, machine], pick).map(({ message }) => message);
  expect(messages({ shard: 0 })).toEqual(['Envelope done']);
  expect(messages({ errors: true })).toEqual(['Envelope failed', 'ExecutionFailed']);
  expect(messages({ shard: 0, errors: true })).toEqual([]);
});

test('a line that is no JSON is shown as it is', () => {
  const plain = { at, group, text: 'START RequestId: 1\n' };
  expect(readRunLines([plain], {})).toEqual([
    {
      at,
      level: 'INFO',
      task: null,
      shard: null,
      message: 'START RequestId: 1',
      line: { message: 'START RequestId: 1' },
    },
  ]);
});

test("only a run's own time is searched, with room for a log's clock and for the sweeper", () => {
  const run = { startedAt: '2026-03-02T12:00:00.000Z', endedAt: '2026-03-02T12:05:00.000Z' };
  const now = new Date('2026-03-02T13:00:00.000Z');
  expect(windowOf(run, now)).toEqual({ from: '2026-03-02T11:59:00.000Z', to: '2026-03-02T12:20:00.000Z' });
  expect(windowOf({ ...run, endedAt: null }, now).to).toBe('2026-03-02T13:15:00.000Z');
});
