/** How a run ends: status, lease, failure and outbox in one transaction. */
import { ForebayError } from '../../core/errors.ts';
import type { FailureRecord } from '../../core/failure.ts';
import type { OutboxRecord, RunRecord } from '../../core/ledger.ts';
import type { RunStatus } from '../../core/run.ts';
import type { Ledger } from '../interfaces.ts';
import { closeFollowed, putFailure } from './failures.ts';
import type { Tables } from './keys.ts';
import { runKey, runStatusKey } from './keys.ts';
import { putOutbox } from './outbox.ts';
import { runItem } from './runs.ts';
import { advanceCursor, release } from './slices.ts';
import type { Item, Store, Write } from './store.ts';

type CloseVerbs = 'closeCommitted' | 'closeSkipped' | 'closeFailed' | 'putFailedRun';

export function closeVerbs(store: Store, tables: Tables): Pick<Ledger, CloseVerbs> {
  return {
    closeCommitted: (run, close) => closeCommitted(store, tables, run, close),
    closeSkipped: async (run, { endedAt }) =>
      closed(
        run,
        await store.transact([
          setStatus(tables, run, 'RUNNING', 'SKIPPED', { endedAt }),
          release(tables, run, 'SKIPPED'),
        ]),
      ),
    closeFailed: async (run, { endedAt, error, failure, outbox }) =>
      closed(
        run,
        await failWith(store, tables, failure, [
          setStatus(tables, run, 'RUNNING', 'FAILED', { endedAt, error }),
          release(tables, run, 'FAILED'),
          putFailure(tables, failure),
          ...outbox.map((record) => putOutbox(tables, record)),
        ]),
      ),
    putFailedRun: async (run, failure, outbox) => {
      const absent = { ConditionExpression: 'attribute_not_exists(pk)' };
      const failed = await failWith(store, tables, failure, [
        { Put: { TableName: tables.runs, Item: runItem(run), ...absent } },
        putFailure(tables, failure),
        ...outbox.map((record) => putOutbox(tables, record)),
      ]);
      return failed.length === 0;
    },
  };
}

/** A failure that it follows and that somebody has closed already stays so, and hinders nothing. */
async function failWith(
  store: Store,
  tables: Tables,
  failure: FailureRecord,
  writes: Write[],
): Promise<number[]> {
  if (failure.follows === undefined) return store.transact(writes);
  const failed = await store.transact([...writes, closeFollowed(tables, failure)]);
  const onlyFollowed = failed.length === 1 && failed[0] === writes.length;
  return onlyFollowed ? store.transact(writes) : failed;
}

async function closeCommitted(
  store: Store,
  tables: Tables,
  run: RunRecord,
  { endedAt, outbox }: { endedAt: string; outbox: OutboxRecord[] },
): Promise<boolean> {
  if (run.commitAs === null || run.loaded === null) {
    throw new ForebayError('RunFenced', `run ${run.runId} was not committed: it is ${run.status}`);
  }
  const committed = { runId: run.runId, revision: run.revision, loaded: run.loaded, committedAt: endedAt };
  const writes = [
    setStatus(tables, run, 'COMMITTING', run.commitAs, { endedAt }),
    release(tables, run, run.commitAs, committed),
    ...outbox.map((record) => putOutbox(tables, record)),
  ];
  if (run.trigger !== 'schedule') return closed(run, await store.transact(writes));
  // An earlier slice that is loaded late leaves the cursor where it is, and closes without it.
  const failed = await store.transact([...writes, advanceCursor(tables, run)]);
  const onlyCursor = failed.length === 1 && failed[0] === writes.length;
  return closed(run, onlyCursor ? await store.transact(writes) : failed);
}

/** The run's status is the first write: where it does not hold, somebody closed the run before. */
function closed(run: RunRecord, failed: number[]): boolean {
  if (failed.length === 0) return true;
  if (failed.includes(0)) return false;
  throw new ForebayError(
    'RunFenced',
    `run ${run.runId} does not hold slice ${run.slice} of ${run.job} any more`,
  );
}

function setStatus(tables: Tables, run: RunRecord, from: RunStatus, to: RunStatus, set: Item): Write {
  const names = Object.keys(set);
  return {
    Update: {
      TableName: tables.runs,
      Key: runKey(run.job, run.runId),
      UpdateExpression: `SET #status = :to, statusKey = :statusKey${names.map((n) => `, #${n} = :${n}`).join('')}`,
      ConditionExpression: '#status = :from AND fence = :fence',
      ExpressionAttributeNames: {
        '#status': 'status',
        ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
      },
      ExpressionAttributeValues: {
        ':from': from,
        ':to': to,
        ':statusKey': runStatusKey(to),
        ':fence': run.fence,
        ...Object.fromEntries(names.map((name) => [`:${name}`, set[name]])),
      },
    },
  };
}
