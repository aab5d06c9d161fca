import type { Command } from 'commander';
import type { ObjectStore } from '../../aws/interfaces.ts';
import type { RunRecord } from '../../core/ledger.ts';
import type { Reject } from '../../core/shard.ts';
import { rejectsPrefix } from '../../core/storage.ts';
import { readJobVersion } from '../../tasks/job-version.ts';
import type { Cloud } from '../cloud.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import { rawKeysOf } from '../load/manifest.ts';
import type { Output } from '../output.ts';
import { wrongUsage } from '../problem.ts';
import { type SourceDeps, type WithSource, withSource } from '../rejects/source.ts';
import { inJson, shown } from '../rejects/text.ts';
import { runById } from '../run-names.ts';

interface RejectsOptions {
  limit?: string;
  showSource?: boolean;
  maxBytes?: string;
}

const sourceHelp = `
--show-source prints what the provider sent, before any privacy rule: mind where it goes. It takes the right to read
the raw zone, which Forebay gives to nobody.`;

export function addRejects(program: Command, open: OpenSession): void {
  program
    .command('rejects')
    .description('the records of a run that broke the contract: where each lies and why it was rejected')
    .argument('<run>', "the run's id, or how it ends")
    .option('--limit <n>', 'at most so many; default: all as JSON, 100 else')
    .option('--show-source', 'the records themselves, read from the raw zone with your own rights')
    .option('--max-bytes <n>', 'with --show-source: so much of each record at most; default: 4096')
    .addHelpText('after', sourceHelp)
    .addHelpText(
      'after',
      examples(
        'forebay rejects 2f1f6f0c7e21',
        'forebay rejects 2f1f6f0c7e21 --json | head',
        'forebay rejects 2f1f6f0c7e21 --show-source --limit 5',
      ),
    )
    .action(async (id: string, options: RejectsOptions, command: Command) => {
      const session = open(command);
      const { output } = session;
      const limit =
        options.limit === undefined ? (output.json ? Infinity : 100) : positive(options.limit, '--limit');
      if (options.maxBytes !== undefined && !options.showSource)
        throw wrongUsage('--max-bytes is of --show-source: give both, or none');
      const maxBytes = positive(options.maxBytes ?? '4096', '--max-bytes');
      const run = await runById(session, id);
      const cloud = await session.cloud();
      const { store, outputs } = cloud;
      const rejects = readRejects(store, outputs.OpsBucket, rejectsPrefix(run.job, run.runId));
      const more = options.showSource
        ? await printSources(output, sourceDeps(cloud, output, run), run, rejects, { limit, maxBytes })
        : await printPlaces(output, rejects, limit);
      if (more && !output.json) output.note(`the first ${limit}; --limit shows more`);
    });
}

/** Whether there are more than the limit. */
async function printPlaces(output: Output, rejects: AsyncIterable<Reject>, limit: number): Promise<boolean> {
  const rows: Reject[] = [];
  let more = false;
  for await (const reject of rejects) {
    more = rows.length >= limit;
    if (more) break;
    rows.push(reject);
    output.item(reject, () => undefined);
  }
  if (output.json) return more;
  output.table(
    ['code', 'column', 'record', 'offset', 'length', 'object', 'message'],
    rows.map((row) => [
      ...[row.code, row.column, row.record, row.offset, row.length, placeOf(row), row.message],
    ]),
  );
  if (rows.length === 0) output.note('this run rejected nothing');
  return more;
}

/** So many, of so many bytes, are looked up together: neighbours are read at once, and memory stays bounded. */
const together = { records: 1_000, bytes: 64 * 1_024 ** 2 };

async function printSources(
  output: Output,
  deps: SourceDeps,
  run: RunRecord,
  rejects: AsyncIterable<Reject>,
  { limit, maxBytes }: { limit: number; maxBytes: number },
): Promise<boolean> {
  let waiting: Reject[] = [];
  let [count, bytes, more] = [0, 0, false];
  const print = async () => {
    for (const found of await withSource(deps, run, waiting, maxBytes)) printSource(output, found);
    waiting = [];
    bytes = 0;
  };
  for await (const reject of rejects) {
    more = count >= limit;
    if (more) break;
    count += 1;
    waiting.push(reject);
    bytes += Math.min(reject.length, maxBytes);
    if (waiting.length === together.records || bytes >= together.bytes) await print();
  }
  await print();
  if (count === 0) output.note('this run rejected nothing');
  return more;
}

function printSource(output: Output, { reject, bytes, cut }: WithSource): void {
  const source = bytes === null ? { source: null } : inJson(bytes);
  output.item({ ...reject, ...source, ...(cut ? { cut } : {}) }, (out) => {
    const { code, column, record, offset, length, message } = reject;
    const where = `record ${record} of ${placeOf(reject)}, ${length} bytes at ${offset}`;
    out.line(
      `${out.paint('bold', code)}${column === null ? '' : ` ${shown(Buffer.from(column))}`}: ${where}`,
    );
    out.line(`  ${shown(Buffer.from(message))}`);
    if (bytes === null) out.line(out.paint('dim', `  not there any more: ${reject.object}`));
    else out.line(`  | ${shown(bytes)}${cut ? out.paint('dim', ` … the first ${bytes.length} bytes`) : ''}`);
  });
}

function sourceDeps(cloud: Cloud, output: Output, run: RunRecord): SourceDeps {
  const { store, outputs } = cloud;
  return {
    ...{ getRange: store.getRange, stream: store.stream, head: store.head, rawBucket: outputs.RawBucket },
    encoding: async () => {
      const job = await readJobVersion((key) => store.get({ bucket: outputs.OpsBucket, key }), run);
      return job.format.encoding;
    },
    rawKeys: () => (run.manifest === null ? Promise.resolve([]) : rawKeysOf(cloud, run.manifest)),
    note: (text) => output.note(text),
  };
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
