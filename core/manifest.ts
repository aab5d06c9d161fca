/** The manifest: what a run committed, written last, and never changed. */
import * as z from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  job: z.string(),
  jobVersion: sha256,
  runId: z.string(),
  slice: z.string(),
  revision: count,
  status: z.enum(['COMPLETED', 'PARTIAL']),
  /** The run's fixed time. */
  time: z.string(),
  counts: z.strictObject({
    read: count,
    written: count,
    rejected: count,
    filtered: count,
    repeatedKeys: count,
  }),
  table: z.strictObject({
    name: z.string(),
    /** Key prefix in the lake bucket that the slice's partition points to. */
    prefix: z.string(),
    columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  }),
  files: z.array(z.strictObject({ key: z.string(), shard: count, rows: count, bytes: count, sha256 })),
  /** Values that are none of their column's type and became null, by column, where the contract wants that. */
  discarded: z.record(z.string(), count).optional(),
  rejects: z.strictObject({ byCode: z.record(z.string(), count), keys: z.array(z.string()) }),
  /** Lineage: each raw object, and the source's object that it is a copy of. */
  raw: z.array(
    z.strictObject({
      key: z.string(),
      versionId: z.string().nullable(),
      bytes: count,
      sha256,
      records: count,
      source: z.strictObject({
        bucket: z.string(),
        key: z.string(),
        versionId: z.string().nullable(),
        etag: z.string(),
      }),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
