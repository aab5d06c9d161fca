/** Data keys of encrypted columns. The job's name is in KMS's encryption context, without which none is unwrapped. */
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { contextField } from '../core/privacy/seal.ts';
import { isNamed, translate } from './errors.ts';
import type { DataKeys } from './interfaces.ts';

const contextOf = (job: string) => ({ [contextField]: job });

export function dataKeys(client: KMSClient): DataKeys {
  return {
    generate: async (keyArn, job) => {
      const command = new GenerateDataKeyCommand({
        KeyId: keyArn,
        KeySpec: 'AES_256',
        EncryptionContext: contextOf(job),
      });
      const { KeyId = '', Plaintext, CiphertextBlob } = await client.send(command).catch(translate);
      return {
        // An ARN, which ends with the id.
        keyId: KeyId.slice(KeyId.lastIndexOf('/') + 1),
        plaintext: bytesOf(Plaintext),
        wrapped: bytesOf(CiphertextBlob),
        used: 0n,
      };
    },
    unwrap: async ({ keyId, wrapped }, job) => {
      const command = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: wrapped,
        EncryptionContext: contextOf(job),
      });
      try {
        return bytesOf((await client.send(command)).Plaintext);
      } catch (error) {
        if (isNamed(error, 'InvalidCiphertextException', 'IncorrectKeyException')) return null;
        return translate(error);
      }
    },
  };
}

function bytesOf(answer: Uint8Array | undefined): Buffer {
  if (answer === undefined) throw new Error('KMS answered without a key');
  // The same memory: what overwrites one overwrites the other.
  return Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
}
