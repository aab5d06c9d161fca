import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Secrets } from '../../aws/interfaces.ts';
import type { Job } from '../../core/job/model.ts';
import { hashKeyName, sharedTokenKeyName, tokenKeyName } from '../../core/outputs.ts';
import { keysOf } from '../../core/privacy/rules.ts';
import { examples, type OpenSession } from '../command.ts';
import { wrongUsage } from '../problem.ts';

export interface SecretLine {
  /** `null`: the key is for all jobs of the stage. */
  job: string | null;
  name: string;
  /** `false`: there was one, and it stays as it is. */
  created: boolean;
}

export function addSecrets(program: Command, open: OpenSession): void {
  const secrets = program.command('secrets').description('keys of jobs that hash or tokenise');
  secrets
    .command('init')
    .description(
      'make a random key where a job needs one and has none; a key that is there is never replaced',
    )
    .argument('[job]', 'only for this job; default: for all that hash or tokenise')
    .addHelpText('after', examples('forebay secrets init', 'forebay --stage prod secrets init orders'))
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const versions = name === undefined ? await session.jobs() : [await session.job(name)];
      const jobs = versions.map(({ job }) => job);
      const any = secretsOf('', jobs).length > 0;
      if (name !== undefined && !any)
        throw wrongUsage(`${name} hashes and tokenises no column, so it needs no key`);
      const cloud = any ? await session.cloud() : null;
      const lines =
        cloud === null ? [] : await initSecrets(cloud.secrets.create, cloud.outputs.SecretsPath, jobs);
      session.output.result(lines, (out) => {
        if (lines.length === 0) out.line('no job hashes or tokenises a column');
        for (const line of lines) {
          out.line(line.created ? `made ${line.name}` : `${line.name} is there already, and stays as it is`);
        }
      });
    });
}

/** The keys that jobs need, each once: their own, and then the one that they share. */
function secretsOf(secretsPath: string, jobs: readonly Job[]): Array<Pick<SecretLine, 'job' | 'name'>> {
  const own = jobs.flatMap((job) => {
    const needed = keysOf(job);
    return [
      ...(needed.has('hash') ? [{ job: job.name, name: hashKeyName(secretsPath, job.name) }] : []),
      ...(needed.has('token') ? [{ job: job.name, name: tokenKeyName(secretsPath, job.name) }] : []),
    ];
  });
  const shared = jobs.some((job) => keysOf(job).has('sharedToken'));
  return shared ? [...own, { job: null, name: sharedTokenKeyName(secretsPath) }] : own;
}

/** 32 random bytes each, as hex; they are printed nowhere. */
export async function initSecrets(
  create: Secrets['create'],
  secretsPath: string,
  jobs: readonly Job[],
): Promise<SecretLine[]> {
  const lines: SecretLine[] = [];
  for (const secret of secretsOf(secretsPath, jobs)) {
    lines.push({ ...secret, created: await create(secret.name, randomBytes(32).toString('hex')) });
  }
  return lines;
}
