/** Data keys against the local cloud's KMS, which enforces who may do what. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, DecryptCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataKeys } from '../../../aws/kms.ts';
import { additionalData, nextIv, prefixOf, seal } from '../../../core/privacy/seal.ts';
import { root } from '../../support/app.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';

let cloud: TestCloud;
let client: KMSClient;
let arn: string;

beforeAll(async () => {
  cloud = await startCloud({ auth: true });
  client = new KMSClient(cloud.client);
  arn = await newKey();
}, 120_000);
afterAll(() => cloud?.stop());

async function newKey(): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  return KeyMetadata?.Arn ?? expect.fail('no key');
}

/** Somebody who may do these things with the key. */
async function allowed(name: string, actions: string[]): Promise<KMSClient> {
  const iam = new IAMClient(cloud.client);
  await iam.send(new CreateUserCommand({ UserName: name }));
  const Statement = [{ Effect: 'Allow', Action: actions, Resource: arn }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return new KMSClient({ ...cloud.client, credentials: { accessKeyId, secretAccessKey } });
}

test('a data key is 256 bits, another each time, and names the KMS key by its id', async () => {
  const keys = dataKeys(client);
  const [one, two] = [await keys.generate(arn, 'orders'), await keys.generate(arn, 'orders')];
  expect(one.plaintext.length).toBe(32);
  expect(one.plaintext.equals(two.plaintext)).toBe(false);
  expect(arn.endsWith(`:key/${one.keyId}`)).toBe(true);
  expect(one.wrapped.includes(one.plaintext)).toBe(false);
});

test('it comes back for its own job alone', async () => {
  const keys = dataKeys(client);
  const made = await keys.generate(arn, 'orders');
  const plaintext = Buffer.from(made.plaintext);
  expect(await keys.unwrap(made, 'orders')).toEqual(plaintext);
  expect(await keys.unwrap(made, 'invoices')).toBeNull();
  expect(await keys.unwrap({ ...made, wrapped: Buffer.from('no key at all') }, 'orders')).toBeNull();
});

test('a stranger reads it by the documented encryption context', async () => {
  const { wrapped, plaintext } = await dataKeys(client).generate(arn, 'orders');
  const EncryptionContext = { 'forebay:job': 'orders' };
  const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob: wrapped, EncryptionContext }));
  expect(Buffer.from(Plaintext ?? [])).toEqual(plaintext);
});

test('who may make data keys may not unwrap them, and the other way round', async () => {
  const maker = dataKeys(await allowed('envelope', ['kms:GenerateDataKey']));
  const reader = dataKeys(await allowed('officer', ['kms:Decrypt']));
  const made = await maker.generate(arn, 'orders');
  await expect(maker.unwrap(made, 'orders')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(reader.generate(arn, 'orders')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await reader.unwrap(made, 'orders')).toEqual(made.plaintext);
});

test('a key that is disabled is told by its name', async () => {
  const other = await newKey();
  const made = await dataKeys(client).generate(other, 'orders');
  await client.send(new DisableKeyCommand({ KeyId: other }));
  await expect(dataKeys(client).unwrap(made, 'orders')).rejects.toMatchObject({ name: 'DisabledException' });
  await expect(dataKeys(client).generate(other, 'orders')).rejects.toMatchObject({
    name: 'DisabledException',
  });
});

describe('forebay decrypt', () => {
  /** With the cloud's settings and none of the caller's; lines go to its standard input. */
  const decrypt = (args: string[], lines?: string[]) =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
      const clean = Object.entries(process.env).filter(([name]) => !/^(AWS_|FOREBAY_)/.test(name));
      const program = spawn(process.execPath, [join(root, 'bin', 'forebay.mjs'), 'decrypt', ...args], {
        env: { ...Object.fromEntries(clean), ...cloud.env, NO_COLOR: '1' },
      });
      const said = { stdout: '', stderr: '' };
      program.stdout.on('data', (text) => (said.stdout += text));
      program.stderr.on('data', (text) => (said.stderr += text));
      program.on('error', reject).on('close', (code) => resolve({ code, ...said }));
      program.stdin.end(lines?.map((line) => `${line}\n`).join(''));
    });

  const values = async (texts: string[]) => {
    const key = await dataKeys(client).generate(arn, 'orders');
    const additional = additionalData('orders', 'email');
    return texts.map((text) => prefixOf(key) + seal(key.plaintext, nextIv(key), additional, text));
  };
  const at = ['--job', 'orders', '--column', 'email'];

  test('reads a value a line from standard input, and leaves an empty line empty', async () => {
    const [one = '', two = ''] = await values(['alice@example.org', 'two\nlines \x1b[31m']);
    const { code, stdout } = await decrypt(at, [one, '', two]);
    expect(stdout).toBe('alice@example.org\n\ntwo\\nlines \\x1b[31m\n');
    expect(code).toBe(0);
  }, 60_000);

  test('prints texts as they are as JSON, of the values that it is given', async () => {
    const { code, stdout } = await decrypt([...at, '--json', ...(await values(['a', 'two\nlines']))]);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([{ text: 'a' }, { text: 'two\nlines' }]);
    expect(code).toBe(0);
  }, 60_000);

  test('tells of a wrong job by one line and exit code 1', async () => {
    const [value = ''] = await values(['a']);
    const { code, stdout, stderr } = await decrypt(['--job', 'invoices', '--column', 'email', value]);
    expect(stderr).toBe(
      'forebay: value 1 was not encrypted by job invoices, or has been changed: see --job\n',
    );
    expect([code, stdout]).toEqual([1, '']);
  }, 60_000);
});
