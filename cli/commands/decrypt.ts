import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { DataKeys } from '../../aws/interfaces.ts';
import { additionalData, parseSealed, type Sealed, unseal } from '../../core/privacy/seal.ts';
import { examples, type OpenSession } from '../command.ts';
import { cell } from '../output.ts';
import { Problem, wrongUsage } from '../problem.ts';

export function addDecrypt(program: Command, open: OpenSession): void {
  program
    .command('decrypt')
    .description('values of an encrypted column in clear, for who may use the KMS key')
    .argument('[text...]', 'encrypted values; default: one a line from standard input')
    .requiredOption('--job <job>', 'the job that encrypted them')
    .requiredOption(
      '--column <name>',
      "the column that they stood in, or the way to what is within one, e.g. 'lines[].sku'",
    )
    .addHelpText(
      'after',
      examples(
        'forebay decrypt --job orders --column email fb1:…',
        'forebay query "SELECT email FROM orders" --format csv | tail -n +2 | forebay decrypt --job orders --column email',
      ),
    )
    .action(async (texts: string[], at: ColumnOf, command: Command) => {
      const { output } = open(command);
      // Loaded only now: the SDK takes its time.
      const [clients, kms] = await Promise.all([import('../../aws/clients.ts'), import('../../aws/kms.ts')]);
      // It reads from now on, and would lose the lines that come while something else is awaited.
      const given = texts.length > 0 ? texts : createInterface({ input: process.stdin });
      for await (const text of decrypted(kms.dataKeys(clients.kms()), at, given)) {
        output.item({ text }, (out) => out.line(cell(text)));
      }
    });
}

interface ColumnOf {
  job: string;
  column: string;
}

/** Each value in clear, as it comes; `null` of an empty line, which is how a null comes out of a query. */
export async function* decrypted(
  dataKeys: Pick<DataKeys, 'unwrap'>,
  { job, column }: ColumnOf,
  texts: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string | null> {
  const additional = additionalData(job, column);
  // All values of a shard have one data key.
  const known = new Map<string, Buffer>();
  const keyOf = async (sealed: Sealed, which: string): Promise<Buffer> => {
    const name = `${sealed.keyId}:${sealed.wrapped.toString('base64url')}`;
    const key = known.get(name) ?? (await unwrapped(dataKeys, sealed, job));
    if (key === null)
      throw new Problem(`${which} was not encrypted by job ${job}, or has been changed: see --job`);
    known.set(name, key);
    return key;
  };
  let n = 0;
  for await (const text of texts) {
    n += 1;
    if (text === '') {
      yield null;
      continue;
    }
    const sealed = parseSealed(text);
    if (sealed === null) throw wrongUsage(`value ${n} is not an encrypted one, which begins with fb1:`);
    const clear = unseal(await keyOf(sealed, `value ${n}`), sealed, additional);
    if (clear === null) {
      throw new Problem(
        `value ${n} was not encrypted in column ${column} of job ${job}, or has been changed: see --column`,
      );
    }
    yield clear;
  }
}

/** What KMS may refuse, with what to do. */
const refusals: Record<string, (keyId: string, job: string) => string> = {
  AccessDeniedException: (keyId, job) =>
    `you may not use KMS key ${keyId}: ask its owner for kms:Decrypt on it with the encryption context forebay:job = ${job}`,
  NotFoundException: (keyId) =>
    `there is no KMS key ${keyId} here: set the account and region that the values were encrypted in`,
  DisabledException: (keyId) => `KMS key ${keyId} is disabled: its owner can enable it`,
  KMSInvalidStateException: (keyId) =>
    `KMS key ${keyId} cannot be used now; if its deletion is pending, its owner can still cancel that`,
};

async function unwrapped(
  dataKeys: Pick<DataKeys, 'unwrap'>,
  sealed: Sealed,
  job: string,
): Promise<Buffer | null> {
  try {
    return await dataKeys.unwrap(sealed, job);
  } catch (error) {
    const { name } = error as Error;
    const refusal = Object.hasOwn(refusals, name) ? refusals[name] : undefined;
    throw refusal === undefined ? error : new Problem(refusal(sealed.keyId, job));
  }
}
