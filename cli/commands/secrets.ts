import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Secrets } from '../../aws/interfaces.ts';
import type { Job } from '../../core/job/model.ts';
import { hashKeyName } from '../../core/outputs.ts';
import { examples, type OpenSession } from '../command.ts';
import { wrongUsage } from '../problem.ts';

export interface SecretLine {
  job: string;
  name: string;
  /** `false`: there was one, and it stays as it is. */
  created: boolean;
}

export function addSecrets(program: Command, open: OpenSession): void {
  const secrets = program.command('secrets').description('keys of jobs that hash');
  secrets
    .command('init')
    .description('make a random key where a job that hashes has none; a key that is there is never replaced')
    .argument('[job]', 'only for this job; default: for all that hash')
    .addHelpText('after', examples('forebay secrets init', 'forebay --stage prod secrets init orders'))
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const versions = name === undefined ? await session.jobs() : [await session.job(name)];
      const jobs = versions.map(({ job }) => job).filter(hashes);
      if (name !== undefined && jobs.length === 0)
        throw wrongUsage(`${name} hashes no column, so it needs no key`);
      const cloud = jobs.length === 0 ? null : await session.cloud();
      const lines =
        cloud === null ? [] : await initSecrets(cloud.secrets.create, cloud.outputs.SecretsPath, jobs);
      session.output.result(lines, (out) => {
        if (lines.length === 0) out.line('no job hashes a column');
        for (const line of lines) {
          out.line(line.created ? `made ${line.name}` : `${line.name} is there already, and stays as it is`);
        }
      });
    });
}

export const hashes = (job: Job): boolean => Object.values(job.privacy).includes('hash');

/** 32 random bytes each, as hex; they are printed nowhere. */
export async function initSecrets(
  create: Secrets['create'],
  secretsPath: string,
  jobs: readonly Job[],
): Promise<SecretLine[]> {
  const lines: SecretLine[] = [];
  for (const job of jobs) {
    const name = hashKeyName(secretsPath, job.name);
    lines.push({ job: job.name, name, created: await create(name, randomBytes(32).toString('hex')) });
  }
  return lines;
}
