/** Objects, shards and sinks of a run: written by many at once, read together. */
import type { ObjectRecord, ShardRecord, SinkRecord } from '../../core/ledger.ts';
import type { Ledger } from '../interfaces.ts';
import type { Tables } from './keys.ts';
import { childPartition, objectKey, shardKey, sinkKey, spread } from './keys.ts';
import type { Item, Store } from './store.ts';

export function childVerbs(
  store: Store,
  tables: Tables,
): Pick<Ledger, 'putObject' | 'putShard' | 'putSink' | 'listObjects' | 'listShards' | 'listSinks'> {
  return {
    putObject: (runId, record) => put(store, tables, objectKey(runId, record.n), record),
    putShard: (runId, record) => put(store, tables, shardKey(runId, record.n), record),
    putSink: (runId, record) => put(store, tables, sinkKey(runId, record.sink, record.n), record),
    listObjects: (runId) => list<ObjectRecord>(store, tables, runId, 'OBJECT#'),
    listShards: (runId) => list<ShardRecord>(store, tables, runId, 'SHARD#'),
    listSinks: (runId, sink) => list<SinkRecord>(store, tables, runId, `SINK#${sink}#`),
  };
}

/**
 * A shard is written, the answer is lost, the state times out and its Catch records a failure: the work is
 * done all the same, so `failed` never replaces `done`. The other way round it does.
 */
async function put(
  store: Store,
  tables: Tables,
  key: Item,
  record: ObjectRecord | ShardRecord | SinkRecord,
): Promise<void> {
  const failed = await store.transact([
    {
      Put: {
        TableName: tables.runs,
        Item: { ...key, ...record },
        ...(record.status === 'done'
          ? {}
          : {
              ConditionExpression: 'attribute_not_exists(pk) OR #status = :failed',
              ExpressionAttributeNames: { '#status': 'status' },
              ExpressionAttributeValues: { ':failed': 'failed' },
            }),
      },
    },
  ]);
  void failed;
}

async function list<R extends { n: number }>(
  store: Store,
  tables: Tables,
  runId: string,
  prefix: string,
): Promise<R[]> {
  const partitions = await Promise.all(
    Array.from({ length: spread }, (_, i) =>
      store.query({
        TableName: tables.runs,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': childPartition(runId, i), ':prefix': prefix },
        ConsistentRead: true,
      }),
    ),
  );
  return partitions
    .flat()
    .map(({ pk: _pk, sk: _sk, ...record }) => record as unknown as R)
    .sort((a, b) => a.n - b.n);
}
