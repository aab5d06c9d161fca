import { expect, test } from 'vitest';
import { describeError, ForebayError, RecordedError, readError } from '../../core/errors.ts';
import { cutUtf8 } from '../../core/text.ts';

test("an error's message begins with its name, and the record keeps them apart", () => {
  const error = new ForebayError('SliceInvalid', "slice '2026-13-01' is not a day");
  expect(error.message).toBe("SliceInvalid: slice '2026-13-01' is not a day");
  expect(describeError(error)).toEqual({ name: 'SliceInvalid', message: "slice '2026-13-01' is not a day" });
});

test('persistence is part of the name', () => {
  expect(new ForebayError('Throttled', 'x').persistence).toBe('transient');
  expect(new ForebayError('ChecksumMismatch', 'x').persistence).toBe('terminal');
});

test("a library's message is not kept, since it may quote a record", () => {
  const kept = describeError(new TypeError("Could not convert string 'alice@example.org' to INT32"));
  expect(kept.name).toBe('TypeError');
  expect(JSON.stringify(kept)).not.toContain('alice');
});

test("AWS's answer is kept", () => {
  const denied = Object.assign(new Error('not authorized to perform: s3:PutObject'), {
    name: 'AccessDenied',
    $metadata: {},
  });
  expect(describeError(denied)).toEqual({
    name: 'AccessDenied',
    message: 'not authorized to perform: s3:PutObject',
  });
});

test.each([
  [
    'as AWS hands it over',
    {
      Error: 'CountMismatch',
      Cause: JSON.stringify({ errorType: 'CountMismatch', errorMessage: 'CountMismatch: 3 ≠ 4' }),
    },
  ],
  [
    'where only the message carries the name',
    { Error: 'Runtime.HandlerError', Cause: JSON.stringify({ errorMessage: 'CountMismatch: 3 ≠ 4' }) },
  ],
  ['where the cause is plain text', { Error: 'Runtime.HandlerError', Cause: 'CountMismatch: 3 ≠ 4' }],
])('a caught error gives its name and message %s', (_, caught) => {
  expect(readError(caught)).toEqual({ name: 'CountMismatch', message: '3 ≠ 4' });
});

test('of a foreign error only the name and what Lambda says of the function are kept', () => {
  const timedOut = { errorMessage: '2026-01-01T00:00:00Z abc Task timed out after 60.00 seconds' };
  expect(readError({ Error: 'Sandbox.Timedout', Cause: JSON.stringify(timedOut) })).toEqual({
    name: 'Sandbox.Timedout',
    message: 'Task timed out after 60.00 seconds',
  });
  const quoting = { errorMessage: "Could not convert 'alice@example.org'" };
  expect(JSON.stringify(readError({ Error: 'Error', Cause: JSON.stringify(quoting) }))).not.toContain(
    'alice',
  );
});

test('F38 the first cause keeps its name where a cloud passes on only the message, whoever named it', () => {
  const cause = new RecordedError(
    { name: 'AccessDenied', message: 'not authorized to perform: s3:PutObject' },
    '1 of 10 shards in lake failed, first number 3',
  );
  expect(
    readError({ Error: 'Runtime.HandlerError', Cause: JSON.stringify({ errorMessage: cause.message }) }),
  ).toEqual({
    name: 'AccessDenied',
    message: 'not authorized to perform: s3:PutObject (1 of 10 shards in lake failed, first number 3)',
  });
});

test('text is cut by bytes at a code point, and control characters that SQS refuses become blanks', () => {
  expect(cutUtf8('äöü', 6)).toBe('äöü');
  expect(cutUtf8('äöüä', 7)).toBe('äö…');
  expect(Buffer.byteLength(cutUtf8('😀'.repeat(100), 50))).toBeLessThanOrEqual(50);
  expect(cutUtf8('a\u0000b\u001fc\ufffed\n', 100)).toBe('a b c d\n');
});
