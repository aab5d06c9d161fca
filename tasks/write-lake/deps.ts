import { sfn } from '../../aws/clients.ts';
import { readFooter } from '../../aws/parquet.ts';
import { executions } from '../../aws/sfn.ts';
import { ledgerOf, now, store, traceId } from '../ports.ts';
import type { environment } from './contract.ts';
import type { WriteLakeDeps } from './write-lake.ts';

export function writeLakeDeps(env: Record<(typeof environment)[number], string>): WriteLakeDeps {
  const objects = store();
  return {
    ...ledgerOf(env),
    ...executions(sfn()),
    copy: objects.copy,
    readFooter: (ref) => readFooter(objects, ref),
    now,
    traceId,
    lakeBucket: env.LAKE_BUCKET,
    maxReceives: Number(env.MAX_RECEIVES),
  };
}
