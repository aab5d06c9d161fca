/** Objects, surveys, shards, buckets and sinks of a run: written by many at once, read together. */
import type { BucketRecord, ObjectRecord, ShardRecord, SinkRecord, SurveyRecord } from '../../core/ledger.ts';
import type { Ledger } from '../interfaces.ts';
import { below } from './conditions.ts';
import type { Tables } from './keys.ts';
import {
  bucketKey,
  childPartition,
  objectKey,
  settledKey,
  shardKey,
  sinkKey,
  spread,
  surveyRecordKey,
} from './keys.ts';
import type { Item, Store } from './store.ts';

type ChildVerbs =
  | 'putObject'
  | 'putShard'
  | 'putSink'
  | 'putSurvey'
  | 'putBucket'
  | 'putSettled'
  | 'getShard'
  | 'listObjects'
  | 'listShards'
  | 'listSinks'
  | 'listSurveys'
  | 'listBuckets'
  | 'listSettled';

export function childVerbs(store: Store, tables: Tables): Pick<Ledger, ChildVerbs> {
  return {
    putObject: (runId, record) => put(store, tables, objectKey(runId, record.n), record),
    putShard: (runId, record) => put(store, tables, shardKey(runId, record.n), record),
    putSink: (runId, record) => put(store, tables, sinkKey(runId, record.sink, record.n), record),
    putSurvey: (runId, record) => put(store, tables, surveyRecordKey(runId, record.n), record),
    putBucket: (runId, record) => put(store, tables, bucketKey(runId, record.n), record),
    putSettled: (runId, record) => put(store, tables, settledKey(runId, record.n), record),
    getShard: async (runId, n) => {
      const item = await store.get(tables.runs, shardKey(runId, n));
      return item === null ? null : recordOf<ShardRecord>(item);
    },
    listObjects: (runId) => listChildren<ObjectRecord>(store, tables, runId, 'OBJECT#'),
    listShards: (runId) => listChildren<ShardRecord>(store, tables, runId, 'SHARD#'),
    listSinks: (runId, sink, of) => listChildren<SinkRecord>(store, tables, runId, `SINK#${sink}#`, of),
    listSurveys: (runId) => listChildren<SurveyRecord>(store, tables, runId, 'SURVEY#'),
    listBuckets: (runId) => listChildren<BucketRecord>(store, tables, runId, 'BUCKET#'),
    listSettled: (runId) => listChildren<ShardRecord>(store, tables, runId, 'SETTLED#'),
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
  record: ObjectRecord | ShardRecord | SinkRecord | SurveyRecord | BucketRecord,
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

/** All children of one kind, over all partitions that `of` children can be in, sorted by `n`. */
export async function listChildren<R extends { n: number }>(
  store: Store,
  tables: Tables,
  runId: string,
  prefix: string,
  of = spread,
): Promise<R[]> {
  const partitions = await Promise.all(
    Array.from({ length: Math.min(of, spread) }, (_, i) =>
      store.query({
        TableName: tables.runs,
        KeyConditions: below(childPartition(runId, i), prefix),
        ConsistentRead: true,
      }),
    ),
  );
  return partitions
    .flat()
    .map((item) => recordOf<R>(item))
    .sort((a, b) => a.n - b.n);
}

/** What was put, without the item's keys. */
const recordOf = <R>({ pk: _pk, sk: _sk, ...record }: Item): R => record as unknown as R;
