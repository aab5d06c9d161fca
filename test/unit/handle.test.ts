import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ForebayError, RecordedError, readError } from '../../core/errors.ts';
import { handle } from '../../tasks/handle.ts';

const secret = 'alice@example.org';
let logged: string[];

beforeEach(() => {
  logged = [];
  // Where the logger of a function writes.
  for (const method of ['error', 'info'] as const)
    vi.spyOn(console, method).mockImplementation((line: string) => void logged.push(line));
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => logged.push(String(chunk)) > 0);
});
afterEach(() => vi.restoreAllMocks());

/** What a handler ends with, as Lambda hands it to Step Functions: with name, message and stack. */
async function endOf(error: unknown) {
  const handler = handle(
    'task',
    () => ({}),
    () => Promise.reject(error),
  );
  const ended: unknown = await handler(null).catch((caught: unknown) => caught);
  if (!(ended instanceof Error)) throw new Error('the handler ended with no error');
  const { name: errorType, message: errorMessage, stack: trace = '' } = ended;
  return {
    errorType,
    errorMessage,
    trace,
    caught: readError({ Error: errorType, Cause: JSON.stringify({ errorMessage }) }),
  };
}

test("a library's error ends a function without its message, which may quote a record", async () => {
  const error = new TypeError(`Could not convert string '${secret}' to INT32`, { cause: new Error(secret) });
  const end = await endOf(error);
  expect(end.errorType).toBe('TypeError');
  expect(end.trace).toMatch(/\n\s+at /);
  expect(JSON.stringify([end, logged])).not.toContain(secret);
  expect(logged.join('')).toContain('"task failed"');
});

test('what was thrown and is no error ends a function without its text, too', async () => {
  const end = await endOf(`no number: ${secret}`);
  expect(end.errorType).toBe('Error');
  expect(JSON.stringify([end, logged])).not.toContain(secret);
});

test("our own error and AWS's go out as they are, for the state machine and for who reads its history", async () => {
  const ours = await endOf(new ForebayError('CountMismatch', 'shard 3: 4 records, 5 rows'));
  expect(ours.caught).toEqual({ name: 'CountMismatch', message: 'shard 3: 4 records, 5 rows' });
  const denied = Object.assign(new Error('not authorized to perform: s3:PutObject'), {
    name: 'AccessDenied',
    $metadata: {},
  });
  expect(await endOf(denied)).toMatchObject({
    errorType: 'AccessDenied',
    errorMessage: 'not authorized to perform: s3:PutObject',
  });
});

test('a failure that a child recorded goes out under its name, with the words of the record', async () => {
  const timedOut = { name: 'Sandbox.Timedout', message: 'Task timed out after 900.00 seconds' };
  const where = '1 of 2 shards failed, first number 1';
  const end = await endOf(new RecordedError(timedOut, where));
  expect(end.caught).toEqual({ name: timedOut.name, message: `${timedOut.message} (${where})` });
});
