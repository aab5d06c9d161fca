import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { ForebayError } from '../core/errors.ts';
import { isNamed, translate } from './errors.ts';
import type { Secrets } from './interfaces.ts';

export function secrets(client: SSMClient): Secrets {
  return {
    get: async (name) => {
      try {
        const found = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
        const value = found.Parameter?.Value;
        if (value !== undefined) return value;
      } catch (error) {
        if (!isNamed(error, 'ParameterNotFound')) translate(error);
      }
      // Below the stage's path lie those of each job, and with `_` in front what jobs share.
      const job = name.split('/').at(-2) ?? '';
      const command = `forebay secrets init${job.startsWith('_') ? '' : ` ${job}`}`;
      throw new ForebayError('SecretMissing', `there is no secret ${name}; make it by: ${command}`);
    },
    create: async (name, value) => {
      try {
        await client.send(
          new PutParameterCommand({ Name: name, Value: value, Type: 'SecureString', Overwrite: false }),
        );
        return true;
      } catch (error) {
        if (isNamed(error, 'ParameterAlreadyExists')) return false;
        return translate(error);
      }
    },
  };
}
