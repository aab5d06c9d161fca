import { createDecipheriv, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { additionalData, nextIv, parseSealed, prefixOf, seal, unseal } from '../../../core/privacy/seal.ts';

const key = Buffer.alloc(32, 1);
const wrapped = Buffer.from('what KMS gave');
const dataKey = { keyId: '1234abcd-12ab-34cd-56ef-1234567890ab', wrapped, plaintext: key, used: 0n };
const additional = additionalData('orders', 'email');
const sealed = (text: string) => prefixOf(dataKey) + seal(key, nextIv(dataKey), additional, text);
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

test('a data key counts its IVs: 32 bits that are 0, and 64 of a number that it had not before', () => {
  const ivs = (used: bigint) => {
    const one = { ...dataKey, used };
    return [nextIv(one), nextIv(one)].map((iv) => iv.toString('hex'));
  };
  expect(ivs(0n)).toEqual(['000000000000000000000000', '000000000000000000000001']);
  expect(ivs(255n)).toEqual(['0000000000000000000000ff', '000000000000000000000100']);
  expect(ivs(2n ** 32n - 1n)).toEqual(['0000000000000000ffffffff', '000000000000000100000000']);
});

test('a data key that has no number left encrypts nothing more', () => {
  const full = { ...dataKey, used: 2n ** 64n - 1n };
  expect(nextIv(full).toString('hex')).toBe('00000000ffffffffffffffff');
  expect(() => nextIv(full)).toThrow(RangeError);
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
