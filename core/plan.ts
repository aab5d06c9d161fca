import type { ScannedObject, Shard } from './shard.ts';

/** The shards of a run: the ranges of its objects, in the objects' order, numbered through. */
export function planShards(scanned: readonly ScannedObject[]): Shard[] {
  return scanned
    .toSorted((a, b) => a.object.n - b.object.n)
    .flatMap(shardsOf)
    .map((shard, n) => ({ n, ...shard }));
}

function shardsOf({ object, raw, unpacked, scan }: ScannedObject): Array<Omit<Shard, 'n'>> {
  const { bucket, key, versionId, sha256 } = raw;
  let firstRecord = 0;
  return scan.ranges.map(({ offset, length, records, context }) => {
    const shard = {
      object: object.n,
      raw: { bucket, key, versionId, sha256 },
      unpacked: unpacked === null ? null : { bucket: unpacked.bucket, key: unpacked.key },
      header: scan.header,
      ...(scan.delimiter === undefined ? {} : { delimiter: scan.delimiter }),
      ...{ offset, length, firstRecord, records },
      ...(context === undefined ? {} : { context }),
    };
    firstRecord += records;
    return shard;
  });
}
