import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { withDuckDB } from '../../../core/contract/duckdb.ts';
import { sqlText } from '../../../core/contract/sql.ts';
import { token } from '../../../core/privacy/token.ts';

const ask = (sql: string): Promise<unknown> =>
  withDuckDB(async (duck) => (await duck.runAndReadAll(`SELECT ${sql}`)).getRows()[0]?.[0]);

/** Base32hex by RFC 4648's own description: five bits a character, the last one filled up with zeros. */
function base32hex(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups
    .map((group) => '0123456789ABCDEFGHIJKLMNOPQRSTUV'[parseInt(group.padEnd(5, '0'), 2)])
    .join('');
}

/** RFC 4648, section 10. */
test.each([
  ['f', 'CO'],
  ['fo', 'CPNG'],
  ['foo', 'CPNMU'],
  ['foob', 'CPNMUOG'],
  ['fooba', 'CPNMUOJ1'],
  ['foobar', 'CPNMUOJ1E8'],
])('the test reads base32hex as RFC 4648 does: %s', (text, expected) => {
  expect(base32hex(Buffer.from(text))).toBe(expected);
});

const key = Buffer.from('a key of tokens');
const expected = (text: string) => {
  const hash = createHmac('sha256', key).update(text, 'utf8').digest();
  return `tok_${base32hex(hash).slice(0, 28).toLowerCase()}`;
};

test.each([
  'alice@example.org',
  '',
  ' ',
  "o'hara",
  'é',
  '😀',
  ...Array.from({ length: 200 }, (_, i) => `value ${i}`),
])("a token is 140 bits of node's HMAC in base32hex: '%s'", async (text) => {
  expect(await ask(token(sqlText(text), key))).toBe(expected(text));
});

test('a null has no token', async () => {
  expect(await ask(token('CAST(NULL AS VARCHAR)', key))).toBeNull();
});

test('another key gives another token', async () => {
  const other = await ask(token(`'alice'`, Buffer.from('another key')));
  expect(other).toMatch(/^tok_[0-9a-v]{28}$/);
  expect(other).not.toBe(expected('alice'));
});
