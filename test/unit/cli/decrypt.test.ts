import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { decrypted } from '../../../cli/commands/decrypt.ts';
import { additionalData, type DataKey, nextIv, prefixOf, seal } from '../../../core/privacy/seal.ts';

const newKey = (keyId = 'k1'): DataKey => ({
  ...{ keyId, wrapped: randomBytes(60), plaintext: randomBytes(32) },
  used: 0n,
});
const first = newKey();
const second = newKey();

function sealed(key: DataKey, text: string, column = 'email'): string {
  return prefixOf(key) + seal(key.plaintext, nextIv(key), additionalData('orders', column), text);
}

/** KMS with two data keys of job orders. */
function kms() {
  const asked: string[] = [];
  const unwrap = async ({ wrapped }: Pick<DataKey, 'wrapped'>, job: string) => {
    const found = [first, second].find((key) => key.wrapped.equals(wrapped));
    asked.push(job);
    return job === 'orders' ? (found?.plaintext ?? null) : null;
  };
  return { asked, unwrap };
}

const at = { job: 'orders', column: 'email' };
async function all(texts: Iterable<string>, where = at, deps: Parameters<typeof decrypted>[0] = kms()) {
  const found: Array<string | null> = [];
  for await (const text of decrypted(deps, where, texts)) found.push(text);
  return found;
}

test('values come back in their order, an empty line as null, and KMS is asked once for each data key', async () => {
  const deps = kms();
  const texts = [sealed(first, 'a'), sealed(second, ''), '', sealed(first, 'é😀'), sealed(second, 'd')];
  expect(await all(texts, at, deps)).toEqual(['a', '', null, 'é😀', 'd']);
  expect(deps.asked).toEqual(['orders', 'orders']);
});

test('what is within a column is read by the way to it, and by no other', async () => {
  const path = 'orders.lines[].prices{}';
  const text = sealed(first, '1.50', path);
  expect(await all([text], { ...at, column: path })).toEqual(['1.50']);
  await expect(all([text], { ...at, column: 'orders.lines[].prices' })).rejects.toThrow(
    'value 1 was not encrypted in column orders.lines[].prices of job orders',
  );
});

test('what was read before a wrong value is there', async () => {
  const values = decrypted(kms(), at, [sealed(first, 'a'), 'secret']);
  expect((await values.next()).value).toBe('a');
  await expect(values.next()).rejects.toThrow('value 2 is not an encrypted one, which begins with fb1:');
});

test.each([
  ['another column', { ...at, column: 'phone' }, /value 1 was not encrypted in column phone of job orders/],
  ['another job', { ...at, job: 'invoices' }, /value 1 was not encrypted by job invoices/],
])('values are refused as those of %s', async (_, where, message) => {
  await expect(all([sealed(first, 'secret')], where)).rejects.toThrow(message);
});

test('a value that was changed is refused, and not shown', async () => {
  const text = sealed(first, 'secret text');
  const changed = text.slice(0, -1) + (text.endsWith('A') ? 'Q' : 'A');
  await expect(all([changed])).rejects.toThrow(
    /^value 1 was not encrypted in column email of job orders, or has been changed/,
  );
  await expect(all(['secret text'])).rejects.toMatchObject({
    exitCode: 64,
    message: expect.not.stringContaining('secret'),
  });
});

test.each([
  [
    'AccessDeniedException',
    /ask its owner for kms:Decrypt on it with the encryption context forebay:job = orders/,
  ],
  ['NotFoundException', /there is no KMS key k1 here: set the account and region/],
  ['DisabledException', /KMS key k1 is disabled/],
  ['KMSInvalidStateException', /deletion is pending/],
])('%s of KMS is told with what to do', async (name, message) => {
  const unwrap = () => Promise.reject(Object.assign(new Error('User: arn:… is not authorized'), { name }));
  const failed = all([sealed(first, 'a')], at, { unwrap });
  await expect(failed).rejects.toMatchObject({
    name: 'Problem',
    exitCode: 1,
    message: expect.stringMatching(message),
  });
});

test('what else KMS answers stays as it is', async () => {
  const error = Object.assign(new Error('later'), { name: 'constructor' });
  await expect(all([sealed(first, 'a')], at, { unwrap: () => Promise.reject(error) })).rejects.toBe(error);
});
