import { parquetMetadataAsync } from 'hyparquet';
import { ForebayError } from '../core/errors.ts';
import type { ObjectRef } from '../core/run.ts';
import type { ObjectStore } from './interfaces.ts';

/** Rows and bytes of a Parquet object, read from its footer by ranges: a reading that shares no code with its writer. */
export async function readFooter(
  store: ObjectStore,
  ref: ObjectRef,
): Promise<{ rows: number; bytes: number }> {
  const stored = await store.head(ref);
  if (stored === null) throw new ForebayError('ShardIncomplete', `${ref.key} is not there`);
  const { bytes } = stored;
  const metadata = await parquetMetadataAsync({
    byteLength: bytes,
    slice: async (start, end = bytes) => {
      const range = await store.getRange(ref, { offset: start, length: end - start });
      return new Uint8Array(range).buffer;
    },
  });
  return { rows: Number(metadata.num_rows), bytes };
}
