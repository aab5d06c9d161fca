import type { ScannedObject, SourceObject } from '../../core/shard.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { jobReader, ledgerOf, now, readJsonIfThere, store } from '../ports.ts';
import { type ExtractInput, environment } from './contract.ts';
import { extract } from './extract.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  return {
    putObject: ledgerOf(env).putObject,
    head: objects.head,
    putStream: objects.putStream,
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    read: ({ bucket, key, versionId, etag, raw }: SourceObject) =>
      raw === undefined
        ? objects.stream({ bucket, key }, { versionId, ifMatch: etag })
        : objects.stream({ bucket: env.RAW_BUCKET, key: raw.key }, { versionId: raw.versionId }),
    readScan: (key: string) => readJsonIfThere<ScannedObject>(objects, { bucket: env.OPS_BUCKET, key }),
    putOps: (key: string, body: Buffer) => objects.put({ bucket: env.OPS_BUCKET, key }, body),
    rawBucket: env.RAW_BUCKET,
    shardBytes: Number(env.SHARD_BYTES),
    maxObjectBytes: Number(env.MAX_OBJECT_BYTES),
  };
});

const fields = ({ run, object }: ExtractInput) => ({ ...runFields({ run }), object: object.n });
export const handler = handle('Extract', fields, (input: ExtractInput) => extract(deps(), input));
