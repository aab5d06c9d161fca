import type { Command } from 'commander';
import type { ObjectStore } from '../../aws/interfaces.ts';
import type { Reject } from '../../core/shard.ts';
import { rejectsPrefix } from '../../core/storage.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import { runById } from '../run-names.ts';

export function addRejects(program: Command, open: OpenSession): void {
  program
    .command('rejects')
    .description('the records of a run that broke the contract: where each lies and why it was rejected')
    .argument('<run>', "the run's id, or how it ends")
    .option('--limit <n>', 'at most so many; default: all as JSON, 100 as a table')
    .addHelpText(
      'after',
      examples('forebay rejects 2f1f6f0c7e21', 'forebay rejects 2f1f6f0c7e21 --json | head'),
    )
    .action(async (id: string, options: { limit?: string }, command: Command) => {
      const session = open(command);
      const { output } = session;
      const limit =
        options.limit === undefined ? (output.json ? Infinity : 100) : positive(options.limit, '--limit');
      const run = await runById(session, id);
      const { store, outputs } = await session.cloud();
      const rows: Reject[] = [];
      let more = false;
      for await (const reject of readRejects(store, outputs.OpsBucket, rejectsPrefix(run.job, run.runId))) {
        more = rows.length >= limit;
        if (more) break;
        rows.push(reject);
        output.item(reject, () => undefined);
      }
      if (output.json) return;
      output.table(
        ['code', 'column', 'record', 'offset', 'length', 'object', 'message'],
        rows.map((row) => [
          ...[row.code, row.column, row.record, row.offset, row.length, placeOf(row), row.message],
        ]),
      );
      if (rows.length === 0) output.note('this run rejected nothing');
      if (more) output.note(`the first ${limit}; --limit shows more`);
    });
}

/** Offsets in what was unpacked are not to be taken for those in the raw object of the same name. */
export const placeOf = ({ object, in: where }: Pick<Reject, 'object' | 'in'>): string => {
  const name = object.slice(object.lastIndexOf('/') + 1);
  return where === 'raw' ? name : `${name} (${where})`;
};

/** In the order of the shards' numbers. */
export async function* readRejects(
  store: Pick<ObjectStore, 'list' | 'get'>,
  bucket: string,
  prefix: string,
): AsyncGenerator<Reject> {
  const number = (key: string): number => Number(/(\d+)\.ndjson$/.exec(key)?.[1] ?? 0);
  const files = (await store.list(bucket, prefix)).sort((a, b) => number(a.key) - number(b.key));
  for (const { key } of files) {
    const text = (await store.get({ bucket, key })).toString('utf8');
    for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line) as Reject;
  }
}
