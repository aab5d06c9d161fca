/** Privacy rules through a whole Envelope, held against node:crypto and plain JavaScript. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v5 } from 'uuid';
import { afterAll, expect, test } from 'vitest';
import { recordNamespace } from '../../../core/envelope/id.ts';
import type { Job, PrivacyRule } from '../../../core/job/model.ts';
import { root } from '../../support/app.ts';
import { envelopeFile, readBatch } from '../../support/envelope.ts';
import { decrypt, hashOf, jobOf, secret, tokenOf } from '../../support/privacy.ts';
import { job as plainJob } from '../../support/world.ts';
import { plain } from '../formats/support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-privacy-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

const make = (job: Job, input: string, shardBytes = 1_000_000) =>
  envelopeFile(job, Buffer.from(input), { shardBytes, directory: join(scratch, String(folders++)) });

async function dataOf(job: Job, input: string, shardBytes?: number) {
  const shards = await make(job, input, shardBytes);
  return (await Promise.all(shards.map(({ file }) => readBatch(file)))).flat();
}

/** A column of every type: its text in a file, and the text of the typed value. */
const everyType: Array<[type: string, given: string, typed: string]> = [
  ['boolean', 'TRUE', 'true'],
  ['tinyint', '-7', '-7'],
  ['smallint', '+300', '300'],
  ['int', '007', '7'],
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['float', '0.5', '0.5'],
  ['double', '1e3', '1000.0'],
  ['string', 'Zoë 😀', 'Zoë 😀'],
  ['date', '2026-03-01', '2026-03-01'],
  ['timestamp', '2026-03-01T10:00:00+02:00', '2026-03-01 08:00:00'],
  ['decimal(10,2)', '12.5', '12.50'],
];
const columns = Object.fromEntries(everyType.map(([type], i) => [`c${i}`, `${type}?`]));
const all = (rule: PrivacyRule) => Object.fromEntries(Object.keys(columns).map((name) => [name, rule]));
const head = `${Object.keys(columns).join(',')}\n`;
const file = `${head}${everyType.map(([, given]) => given).join(',')}\n${everyType.map(() => '').join(',')}\n`;

test.each<[string, PrivacyRule, (text: string) => string]>([
  ['hash', 'hash', hashOf],
  ['mask', 'mask', () => '***'],
  ['tokenise', { rule: 'tokenise', scope: 'job' }, (text) => tokenOf(secret('token'), text)],
  ['tokenise shared', { rule: 'tokenise', scope: 'shared' }, (text) => tokenOf(secret('sharedToken'), text)],
])('%s takes every type by the text of its value, and leaves a null', async (_, rule, expected) => {
  const nulls = { ...plainJob.format, nulls: [''] };
  const [full, empty] = await dataOf({ ...jobOf(columns, all(rule)), format: nulls }, file);
  expect(Object.values(full?.data ?? {})).toEqual(everyType.map(([, , typed]) => expected(typed)));
  expect(Object.values(empty?.data ?? {})).toEqual(everyType.map(() => null));
});

test('encrypt takes every type by the text of its value, and leaves a null', async () => {
  const [full, empty] = await dataOf({ ...jobOf(columns, all('encrypt')), format: plain }, file);
  const found = Object.entries(full?.data ?? {}).map(([name, text]) => decrypt(text ?? '', 'orders', name));
  expect(found).toEqual(everyType.map(([, , typed]) => typed));
  expect(Object.values(empty?.data ?? {})).toEqual(everyType.map(() => null));
});

test('a text is cut by its code points, and a short one stays whole', async () => {
  const job = jobOf({ id: 'int', name: 'string?' }, { name: { rule: 'truncate', to: 2 } });
  const records = await dataOf(
    { ...job, format: plain },
    'id,name\n1,abc\n2,é😀x\n3,a\n4,e\u0301x\n5,\n6,""\n',
  );
  expect(records.map(({ data }) => data.name)).toEqual(['ab', 'é😀', 'a', 'e\u0301', null, '']);
});

test('a generalised value keeps its type, and the filter sees it as it was', async () => {
  const job = jobOf(
    { age: 'int', price: 'decimal(6,2)', born: 'date', seen: 'timestamp' },
    {
      age: { rule: 'generalise', to: 10 },
      price: { rule: 'generalise', to: 0.5 },
      born: { rule: 'generalise', to: 'year' },
      seen: { rule: 'generalise', to: 'day' },
    },
    { filter: 'age = 37' },
  );
  const utc = { ...job, timezone: 'UTC' };
  const rows = '37,1.99,1990-07-04,2026-03-01T23:30:00-02:00\n38,1.99,1990-07-04,2026-03-01T00:00:00Z\n';
  const records = await dataOf(utc, `age,price,born,seen\n${rows}`);
  expect(records.map(({ data }) => data)).toEqual([
    { age: '30', price: '1.50', born: '1990-01-01', seen: '2026-03-02 00:00:00' },
  ]);
});

test('the id of a record is that of its key behind the rule', async () => {
  const job = jobOf({ id: 'bigint' }, { id: { rule: 'tokenise', scope: 'shared' } }, { key: ['id'] });
  const [record] = await dataOf(job, 'id\n42\n');
  const name = JSON.stringify(['orders', tokenOf(secret('sharedToken'), '42')]);
  expect(record?.metadata.id).toBe(v5(name, recordNamespace));
});

test('a derived column has the rule of its own name', async () => {
  const job = jobOf({ email: 'string', domain: "string = split_part(email, '@', 2)" }, { email: 'encrypt' });
  const [record] = await dataOf(job, 'email\nalice@example.org\n');
  expect(record?.data.domain).toBe('example.org');
  expect(decrypt(record?.data.email ?? '', 'orders', 'email')).toBe('alice@example.org');
});

test('every value of many records and shards is read again, each under an IV of its own', async () => {
  const job = jobOf(
    { n: 'int', a: 'string', b: 'string' },
    { a: 'encrypt', b: 'encrypt' },
    { filter: 'n % 3 <> 0', key: ['n'] },
  );
  const rows = Array.from({ length: 9_000 }, (_, i) =>
    i % 50 === 7 ? `x${i},a${i},b${i}` : `${i},a${i},b${i}`,
  );
  const records = await dataOf(job, `n,a,b\n${rows.join('\n')}\n`, 60_000);
  const kept = rows.flatMap((_, i) => (i % 50 === 7 || i % 3 === 0 ? [] : [i]));
  expect(records.map(({ data }) => data.n)).toEqual(kept.map(String));
  const ivs = new Set<string>();
  for (const { data } of records) {
    for (const column of ['a', 'b']) {
      const text = data[column] ?? '';
      expect(decrypt(text, 'orders', column)).toBe(`${column}${data.n}`);
      const iv = Buffer.from(text.split(':')[3] ?? '', 'base64url');
      ivs.add(iv.toString('hex'));
    }
  }
  expect(ivs.size).toBe(2 * kept.length);
}, 60_000);

test('F06 with one data key the same shard gives the identical file', async () => {
  const job = jobOf({ id: 'int', email: 'string' }, { email: 'encrypt' });
  const input = `id,email\n${Array.from({ length: 5_000 }, (_, i) => `${i},p${i}@example.org`).join('\n')}\n`;
  const digests = [];
  for (let i = 0; i < 2; i++) {
    const [shard] = await make(job, input);
    digests.push(
      createHash('sha256')
        .update(readFileSync(shard?.file ?? ''))
        .digest('hex'),
    );
  }
  expect(digests[1]).toBe(digests[0]);
});

test('no protected value is in the batch, nor in what is said of a reject', async () => {
  const job = jobOf(
    { id: 'int', a: 'string', b: 'string', c: 'string' },
    { a: 'encrypt', b: { rule: 'tokenise', scope: 'job' }, c: { rule: 'truncate', to: 3 } },
  );
  const [shard] = await make(job, 'id,a,b,c\n1,SecretA,SecretB,SecretC\nSecretD,SecretA,SecretB,SecretC\n');
  expect(readFileSync(shard?.file ?? '', 'latin1')).not.toMatch(/Secret/);
  expect(JSON.stringify(await readBatch(shard?.file ?? ''))).not.toMatch(/Secret/);
  expect(shard?.rejects.map(({ code }) => code)).toEqual(['CastFailed']);
  expect(JSON.stringify(shard?.rejects)).not.toMatch(/Secret/);
});

test('nothing of the engine outlives its shard: a program that encrypts ends when it is done', () => {
  const program = ['--import', 'tsx', join(root, 'test/support/sealing.ts'), join(scratch, 'program')];
  // A hold on the function that encrypts would let it end only when that is collected, half a minute later.
  const printed = execFileSync(process.execPath, program, { cwd: root, encoding: 'utf8', timeout: 15_000 });
  expect(printed).toBe('2\n');
});
