/** Slices: the lease, its fence, the mark, the cursor. */
import type { Cursor, Mark, RunRecord, SliceRecord } from '../../core/ledger.ts';
import { slicesIndexes } from '../../core/ledger-schema.ts';
import type { RunStatus } from '../../core/run.ts';
import type { Ledger, NewRun } from '../interfaces.ts';
import { below, equals, isAbsent, isBetween } from './conditions.ts';
import { cursorKey, jobKey, marked, runKey, sliceKey, type Tables } from './keys.ts';
import { newRun, readRun, runItem } from './runs.ts';
import type { Item, Store, Write } from './store.ts';

type SliceVerbs =
  | 'getSlice'
  | 'acquire'
  | 'mark'
  | 'listMarkedFree'
  | 'listSlices'
  | 'latestSlices'
  | 'getCursor';

export function sliceVerbs(store: Store, tables: Tables): Pick<Ledger, SliceVerbs> {
  return {
    getSlice: async (job, slice) => readSlice(await store.get(tables.slices, sliceKey(job, slice))),
    acquire: (seen, run) => acquire(store, tables, seen, run),
    mark: (job, slice, holderRunId, mark) => setMark(store, tables, job, slice, holderRunId, mark),
    listMarkedFree: async () => {
      const items = await store.query({
        TableName: tables.slices,
        IndexName: slicesIndexes.marked.name,
        KeyConditions: { markedKey: equals(marked) },
        QueryFilter: { holder: isAbsent },
      });
      return items.map((item) => readSlice(item)).filter((slice) => slice !== null);
    },
    listSlices: async (job, range) => {
      const [first, last] = range === undefined ? ['', '~'] : [range.from, range.to];
      const items = await store.query({
        TableName: tables.slices,
        KeyConditions: { pk: equals(jobKey(job)), sk: isBetween(`SLICE#${first}`, `SLICE#${last}`) },
        ConsistentRead: true,
      });
      return items.map((item) => readSlice(item)).filter((slice) => slice !== null);
    },
    latestSlices: async (job, limit) => {
      const items = await store.query(
        {
          TableName: tables.slices,
          KeyConditions: below(jobKey(job), 'SLICE#'),
          ScanIndexForward: false,
          Limit: limit,
        },
        limit,
      );
      return items
        .map((item) => readSlice(item))
        .filter((slice) => slice !== null)
        .reverse();
    },
    getCursor: async (job) => {
      const item = await store.get(tables.slices, cursorKey(job));
      return item === null ? null : ({ slice: item.slice, runId: item.runId } as Cursor);
    },
  };
}

/**
 * A and B both read the slice free at fence 4. A's transaction sets the holder and fence 5. B's condition
 * (no holder, fence 4) fails even if A has closed by then: the fence tells that somebody was there.
 * A mark can only be set while somebody holds the slice, so the mark that was seen is the one that is cleared.
 */
async function acquire(
  store: Store,
  tables: Tables,
  seen: SliceRecord | null,
  run: NewRun,
): Promise<RunRecord | null> {
  const record = newRun(run, (seen?.fence ?? 0) + 1, revisionOf(seen) + 1);
  const unchanged =
    seen === null ? 'attribute_not_exists(pk)' : 'attribute_not_exists(holder) AND fence = :seen';
  const failed = await store.transact([
    {
      Update: {
        TableName: tables.slices,
        Key: sliceKey(run.job, run.slice),
        UpdateExpression:
          'SET job = :job, slice = :slice, fence = :fence, holder = :holder ' +
          'REMOVE markedKey, markRunId, markTrigger, markForce',
        ConditionExpression: unchanged,
        ExpressionAttributeValues: {
          ':job': run.job,
          ':slice': run.slice,
          ':fence': record.fence,
          ':holder': { runId: run.runId, executionArn: run.executionArn },
          ...(seen === null ? {} : { ':seen': seen.fence }),
        },
      },
    },
    {
      Put: { TableName: tables.runs, Item: runItem(record), ConditionExpression: 'attribute_not_exists(pk)' },
    },
  ]);
  if (failed.length === 0) return record;
  // Our own write, whose answer was lost, counts: the run is there and RUNNING.
  const own = readRun(await store.get(tables.runs, runKey(run.job, run.runId)));
  return own?.status === 'RUNNING' ? own : null;
}

/** The last revision that there was: what was erased counts, too. */
const revisionOf = (slice: SliceRecord | null): number =>
  slice?.committed?.revision ?? slice?.forgotten?.revision ?? 0;

async function setMark(
  store: Store,
  tables: Tables,
  job: string,
  slice: string,
  holderRunId: string,
  mark: Mark,
): Promise<Mark | null> {
  // The holder may close between our reading and this write: then the condition fails, the caller reads again,
  // and finds the slice free. A mark that is there stays, since somebody may be waiting for its run.
  const force = mark.force ? ':force' : 'if_not_exists(markForce, :force)';
  const item = await store.update({
    TableName: tables.slices,
    Key: sliceKey(job, slice),
    UpdateExpression:
      'SET markedKey = :marked, markRunId = if_not_exists(markRunId, :runId), ' +
      `markTrigger = if_not_exists(markTrigger, :trigger), markForce = ${force}`,
    ConditionExpression: 'holder.runId = :holder',
    ExpressionAttributeValues: {
      ':marked': marked,
      ':runId': mark.runId,
      ':trigger': mark.trigger,
      ':force': mark.force,
      ':holder': holderRunId,
    },
  });
  return item === null ? null : readMark(item);
}

/**
 * Releases the lease, on condition that the run still holds it, and keeps how it ended. The mark stays until its
 * run acquires.
 */
export function release(
  tables: Tables,
  run: RunRecord,
  status: RunStatus,
  committed?: SliceRecord['committed'],
): Write {
  return {
    Update: {
      TableName: tables.slices,
      Key: sliceKey(run.job, run.slice),
      UpdateExpression: `SET #last = :last${committed === undefined ? '' : ', committed = :committed'} REMOVE holder`,
      ConditionExpression: 'holder.runId = :runId AND fence = :fence',
      ExpressionAttributeNames: { '#last': 'last' },
      ExpressionAttributeValues: {
        ':last': { runId: run.runId, status },
        ':runId': run.runId,
        ':fence': run.fence,
        ...(committed === undefined ? {} : { ':committed': committed }),
      },
    },
  };
}

/** Moves the cursor on, never back: slices' names sort in time order. */
export function advanceCursor(tables: Tables, run: RunRecord): Write {
  return {
    Update: {
      TableName: tables.slices,
      Key: cursorKey(run.job),
      UpdateExpression: 'SET slice = :slice, runId = :runId',
      ConditionExpression: 'attribute_not_exists(pk) OR slice < :slice',
      ExpressionAttributeValues: { ':slice': run.slice, ':runId': run.runId },
    },
  };
}

function readMark(item: Item): Mark | null {
  if (item.markRunId === undefined) return null;
  return { runId: item.markRunId, trigger: item.markTrigger, force: item.markForce } as Mark;
}

function readSlice(item: Item | null): SliceRecord | null {
  if (item === null) return null;
  return {
    job: item.job,
    slice: item.slice,
    holder: item.holder ?? null,
    fence: item.fence,
    mark: readMark(item),
    ...(item.last === undefined ? {} : { last: item.last }),
    ...(item.forgotten === undefined ? {} : { forgotten: item.forgotten }),
    committed: item.committed ?? null,
  } as SliceRecord;
}
