/** Records as their format gives them, without a contract. */
import { v5 } from 'uuid';
import { namespaceOfObject } from '../../core/envelope/id.ts';
import { times } from '../../core/envelope/metadata.ts';
import { place } from '../../core/envelope/rejects.ts';
import type { Format } from '../../core/job/model.ts';
import type { RunRef } from '../../core/run.ts';
import type { ExtractedFile } from './extract.ts';
import type { Lines } from './lines.ts';
import { readerOf, shardBytes } from './records.ts';
import { byCode, type Reading } from './shards.ts';

/** What stands around the record with a number within the file. */
export type Around = (record: number) => [string, string];

export function plainReading(
  file: ExtractedFile,
  format: Format,
  lines: Lines,
  around: Around | null,
): Reading {
  return async (shard) => {
    const from = await shardBytes(file, format, shard);
    const print = async (first: number, texts: readonly string[]): Promise<void> =>
      lines.print(
        around === null ? texts : texts.map((text, i) => around(shard.firstRecord + first + i).join(text)),
      );
    const { records, malformed } = await readerOf(format.kind)(from, lines, print);
    const rejects = place(
      { ...shard, ...from },
      malformed.map(({ record, code, message }) => ({ record, fault: { code, column: null, message } })),
    );
    return {
      written: records - rejects.length,
      filtered: 0,
      rejectsByCode: byCode(rejects),
      discarded: {},
      rejects: Buffer.from(rejects.map((reject) => `${JSON.stringify(reject)}\n`).join('')),
    };
  };
}

/** Around a record that no job describes: where it came from, and who read it when. */
export function plainMetadata({ path, sha256 }: ExtractedFile, run: RunRef, user: string): Around {
  const { runId, slice } = run;
  const namespace = namespaceOfObject(run, sha256);
  const names = { resource: path, source: 'forebay/read', hostPlatform: 'local', eventType: 'RecordRead' };
  const same = JSON.stringify({ ...times(run.time), user, owner: user, ...names }).slice(1, -1);
  return (record) => {
    const id = v5(String(record), namespace);
    const lineage = JSON.stringify({ runId, slice, rawObject: path, record });
    return [`{"metadata":{"id":"${id}",${same},"lineage":${lineage}},"data":`, '}'];
  };
}
