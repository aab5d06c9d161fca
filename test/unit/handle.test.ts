import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ForebayError, RecordedError, readError } from '../../core/errors.ts';
import { addToLog, handle, log, runFields } from '../../tasks/handle.ts';

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

/** The lines that a call left, as JSON. */
const lines = () =>
  logged
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const fields = ({ run, shard }: { run: { job: string; runId: string; slice: string }; shard?: number }) => ({
  ...runFields({ run }),
  ...(shard === undefined ? {} : { shard }),
});
const run = { job: 'orders', runId: 'r1', slice: '2026-03-01' };
const about = { task: 'Envelope', job: 'orders', runId: 'r1', slice: '2026-03-01', shard: 3 };

test("each line of a call says job, run, slice and shard: the handler's, the task's, and a library's", async () => {
  const handler = handle('Envelope', fields, async () => {
    log('slow', { ms: 12 });
    console.warn('deprecated: %s', 'this');
  });
  await handler({ run, shard: 3 }, { awsRequestId: 'q1' });
  const all = { ...about, requestId: 'q1', service: 'forebay', timestamp: expect.any(String) };
  expect(lines()).toMatchObject([
    { ...all, level: 'WARN', message: 'slow', ms: 12 },
    { ...all, level: 'WARN', message: 'deprecated: this' },
    { ...all, level: 'INFO', message: 'Envelope done', durationMs: expect.any(Number) },
  ]);
});

test('a call that fails says so with the same fields', async () => {
  const handler = handle('Envelope', fields, () => Promise.reject(new TypeError(secret)));
  await handler({ run, shard: 3 }).catch(() => undefined);
  expect(lines()).toMatchObject([{ ...about, level: 'ERROR', error: { name: 'TypeError' } }]);
});

test('a warm function forgets what the call before was about, and gives the console back', async () => {
  const { warn } = console;
  await handle('Envelope', fields, async () => addToLog({ more: 1 }))({ run, shard: 3 });
  await handle('Plan', fields, async () => undefined)({ run: { ...run, runId: 'r2' } });
  expect(console.warn).toBe(warn);
  const [first, second] = lines();
  expect(first).toMatchObject({ shard: 3, more: 1 });
  expect(second).toMatchObject({ task: 'Plan', runId: 'r2' });
  expect(Object.keys(second)).not.toEqual(expect.arrayContaining(['shard']));
  expect(Object.keys(second)).not.toEqual(expect.arrayContaining(['more']));
});

test('the trace of X-Ray that a call belongs to stands on its lines', async () => {
  vi.stubEnv(
    '_X_AMZN_TRACE_ID',
    'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1',
  );
  await handle('Plan', fields, async () => undefined)({ run });
  vi.unstubAllEnvs();
  expect(lines()).toMatchObject([{ xray_trace_id: '1-5759e988-bd862e3fe1be46a994272793' }]);
});
