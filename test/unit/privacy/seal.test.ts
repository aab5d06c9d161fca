import { createDecipheriv, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { additionalData, ivOf, parseSealed, prefixOf, seal, unseal } from '../../../core/privacy/seal.ts';

const key = Buffer.alloc(32, 1);
const wrapped = Buffer.from('what KMS gave');
const dataKey = { keyId: '1234abcd-12ab-34cd-56ef-1234567890ab', wrapped, plaintext: key };
const additional = additionalData('orders', 'email');
const sealed = (text: string, record = 7n) =>
  prefixOf(dataKey) + seal(key, ivOf(2, record), additional, text);
const parsed = (text: string) => parseSealed(text) ?? expect.fail(`${text} is not an encrypted value`);

/** McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14: AES-256, all zeros. */
test.each([
  ['', '530f8afbc74536b9a963b4f1c4cb738b'],
  ['\0'.repeat(16), 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919'],
])('ciphertext and tag are those of the published test cases', (text, expected) => {
  const [iv, bytes] = seal(Buffer.alloc(32), Buffer.alloc(12), Buffer.alloc(0), text).split(':');
  expect(Buffer.from(iv ?? '', 'base64url')).toEqual(Buffer.alloc(12));
  expect(Buffer.from(bytes ?? '', 'base64url').toString('hex')).toBe(expected);
});

test('a value is read by its documented form and nothing of ours', () => {
  const [version, keyId, ofKey, iv, bytes, ...more] = sealed('alice@example.org').split(':');
  expect([version, keyId, more]).toEqual(['fb1', dataKey.keyId, []]);
  expect(Buffer.from(ofKey ?? '', 'base64url')).toEqual(wrapped);
  const content = Buffer.from(bytes ?? '', 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv ?? '', 'base64url'));
  decipher.setAAD(Buffer.from('["fb1","orders","email"]'));
  decipher.setAuthTag(content.subarray(content.length - 16));
  const clear = decipher.update(content.subarray(0, content.length - 16), undefined, 'utf8');
  expect(clear + decipher.final('utf8')).toBe('alice@example.org');
});

test.each(['', 'é😀', 'a:b:c', '\n\0', 'x'.repeat(100_000)])('a text comes back as it was', (text) => {
  expect(unseal(key, parsed(sealed(text)), additional)).toBe(text);
});

test('no two columns or records have the same IV', () => {
  const ivs = [0, 1, 255, 256, 2 ** 32 - 1].flatMap((column) =>
    [0n, 1n, 255n, 256n, 2n ** 32n, 2n ** 63n - 1n].map((record) => ivOf(column, record).toString('hex')),
  );
  expect(new Set(ivs).size).toBe(30);
  expect(ivs.every((iv) => iv.length === 24)).toBe(true);
  expect(ivOf(3, 258n).toString('hex')).toBe('000000030000000000000102');
});

test.each([
  ['another job', additionalData('invoices', 'email'), key],
  ['another column', additionalData('orders', 'phone'), key],
  // Parts are not simply put together.
  ['a job and column that join to the same text', additionalData('orders","email', ''), key],
  ['another key', additional, randomBytes(32)],
])('a value is refused as that of %s', (_, bound, of) => {
  expect(unseal(of, parsed(sealed('alice')), bound)).toBeNull();
});

test('a value with any bit changed is refused', () => {
  const { iv, sealed: bytes, ...rest } = parsed(sealed('alice'));
  const flipped = (of: Buffer, bit: number) => {
    const copy = Buffer.from(of);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return copy;
  };
  for (let bit = 0; bit < bytes.length * 8; bit++)
    expect(unseal(key, { ...rest, iv, sealed: flipped(bytes, bit) }, additional)).toBeNull();
  for (let bit = 0; bit < iv.length * 8; bit++)
    expect(unseal(key, { ...rest, iv: flipped(iv, bit), sealed: bytes }, additional)).toBeNull();
});

test('a value that is cut short is refused', () => {
  const { sealed: bytes, ...rest } = parsed(sealed('alice'));
  expect(unseal(key, { ...rest, sealed: bytes.subarray(0, -1) }, additional)).toBeNull();
});

test.each([
  'alice@example.org',
  '',
  'fb1:',
  'fb2:key:d3JhcHBlZA:AAAAAgAAAAAAAAAB:AAAAAAAAAAAAAAAAAAAAAA',
  'fb1:key:d3JhcHBlZA:AAAA:AAAAAAAAAAAAAAAAAAAAAA',
  'fb1:key:d3JhcHBlZA:AAAAAgAAAAAAAAAB:AAAA',
  'fb1:key:d3JhcHBlZA:AAAAAgAAAAAAAAAB:AAAAAAAAAAAAAAAAAAAAAA:more',
])("no encrypted value: '%s'", (text) => {
  expect(parseSealed(text)).toBeNull();
});
