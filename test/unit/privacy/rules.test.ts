import { createHmac } from 'node:crypto';
import { v5 } from 'uuid';
import { expect, test } from 'vitest';
import { withDuckDB } from '../../../core/contract/duckdb.ts';
import {
  nameByKey,
  nameByNumber,
  namespaceOfObject,
  recordNamespace,
  sha1OfName,
  uuidFromSha1,
} from '../../../core/envelope/id.ts';
import { blobLiteral, hmacSha256 } from '../../../core/privacy/hmac.ts';

const ask = (sql: string): Promise<string> =>
  withDuckDB(async (duck) => String((await duck.runAndReadAll(`SELECT ${sql}`)).getRows()[0]?.[0]));

const bytes = (byte: number, length: number) => Buffer.alloc(length, byte);

/** RFC 4231, test cases 1, 2, 3, 6 and 7: key, data, HMAC-SHA-256. */
test.each([
  [
    bytes(0x0b, 20),
    Buffer.from('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    Buffer.from('Jefe'),
    Buffer.from('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [bytes(0xaa, 20), bytes(0xdd, 50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [
    bytes(0xaa, 131),
    Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    bytes(0xaa, 131),
    Buffer.from(
      'This is a test using a larger than block-size key and a larger than block-size data. ' +
        'The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
])('HMAC-SHA-256 gives what RFC 4231 says', async (key, data, expected) => {
  expect(await ask(hmacSha256(blobLiteral(data), key))).toBe(expected);
});

test.each(['alice@example.org', '', 'é', '😀'])(
  "a hashed text is node's HMAC of its UTF-8: %s",
  async (text) => {
    const key = Buffer.from('a key');
    const expected = createHmac('sha256', key).update(text, 'utf8').digest('hex');
    expect(await ask(hmacSha256(blobLiteral(Buffer.from(text)), key))).toBe(expected);
  },
);

test.each(Array.from({ length: 40 }, (_, i) => i))(
  'id %i of a record without a key is the UUIDv5 of its place',
  async (record) => {
    const namespace = namespaceOfObject({ job: "o'rders", slice: '2026-03-01' }, 'ab'.repeat(32));
    const sha1 = sha1OfName(namespace, nameByNumber(String(record)));
    const id = await ask(`${uuidFromSha1('hash')} FROM (SELECT ${sha1} AS hash)`);
    const object = v5(JSON.stringify(["o'rders", '2026-03-01', 'ab'.repeat(32)]), recordNamespace);
    expect(id).toBe(v5(String(record), object));
  },
);

test('the id of a record with a key is the UUIDv5 of job and key values in text', async () => {
  const sql = nameByKey('orders', ['9007199254740993::BIGINT', `'a"b\\c'`, `'é'`]);
  const id = await ask(`${uuidFromSha1('hash')} FROM (SELECT ${sha1OfName(recordNamespace, sql)} AS hash)`);
  expect(id).toBe(v5('["orders","9007199254740993","a\\"b\\\\c","é"]', recordNamespace));
});

test('F42 keys that differ in Unicode form only are two records', async () => {
  const id = (text: string) =>
    ask(
      `${uuidFromSha1('hash')} FROM (SELECT ${sha1OfName(recordNamespace, nameByKey('j', [`'${text}'`]))} AS hash)`,
    );
  expect(await id('\u00e9')).not.toBe(await id('e\u0301'));
});
