/** What must hold of the protocol, at every moment and at its end. */
import { isDeepStrictEqual } from 'node:util';
import type { Ledger } from '../../aws/interfaces.ts';
import { eventId } from '../../core/events.ts';
import type { OutboxRecord, RunRecord, SliceRecord } from '../../core/ledger.ts';
import { digestOf, sourceObjects } from '../../core/listing.ts';
import { inboxPrefix, partitionPrefix, tableName } from '../../core/storage.ts';
import type { LedgerState } from './memory-ledger.ts';
import { type Protocol, slice } from './protocol-model.ts';
import { arnOf, job } from './world.ts';

export interface Stored {
  slice: SliceRecord | null;
  runs: RunRecord[];
  outbox: OutboxRecord[];
}

export const readMemory =
  ({ slices, runs, outbox }: LedgerState) =>
  async (): Promise<Stored> => ({
    slice: [...slices.values()][0] ?? null,
    runs: [...runs.values()],
    outbox: [...outbox.values()],
  });

export const readLedger = (ledger: Ledger) => async (): Promise<Stored> => ({
  slice: await ledger.getSlice(job.name, slice),
  runs: await ledger.listRuns({ job: job.name }),
  outbox: await ledger.pendingOutbox(),
});

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

/** A run's status only ever goes one of these ways. */
const ways = new Set([
  ...['→RUNNING', '→FAILED', 'RUNNING→COMMITTING', 'RUNNING→FAILED', 'RUNNING→SKIPPED'],
  'COMMITTING→COMPLETED',
]);

/** Checks a state, and the step to it from the one that it was given before. */
export function newWatch(protocol: Protocol) {
  const statuses = new Map<string, string>();
  const said = new Map<string, string | undefined>();
  let fence = 0;
  let first = true;
  const way = ({ runId, status }: RunRecord): void => {
    const before = statuses.get(runId) ?? '';
    statuses.set(runId, status);
    must(first || before === status || ways.has(`${before}→${status}`), `${runId}: ${before}→${status}`);
  };
  const told = (record: OutboxRecord, run: RunRecord | undefined): void => {
    if (!said.has(record.body)) said.set(record.body, JSON.parse(record.body).data.status);
    const what = said.get(record.body);
    // That a slice is reopened is told while its run goes on, and says nothing of how it ends.
    if (what !== undefined)
      must(what === run?.status, `${record.runId} is ${run?.status}, and told as ${what}`);
  };
  return ({ slice: record, runs, outbox }: Stored): void => {
    runs.forEach(way);
    first = false;
    must((record?.fence ?? 0) >= fence, `the fence went back from ${fence}`);
    fence = record?.fence ?? 0;
    const fences = runs.map((run) => run.fence).filter((taken) => taken > 0);
    must(new Set(fences).size === fences.length, `two runs have one fence: ${fences}`);
    const struck = protocol.faultsLeft < protocol.faultsAtFirst ? protocol.struck : null;
    const failed = runs.find(({ runId, status }) => status === 'FAILED' && runId !== struck);
    must(failed === undefined, `${failed?.runId} failed, which nothing struck`);
    const open = runs.filter(({ status }) => status === 'RUNNING' || status === 'COMMITTING');
    const [only] = open;
    const holder = record?.holder?.runId;
    must(
      open.length <= 1 && only?.runId === holder,
      `${open.map(({ runId }) => runId)} open, held by ${holder}`,
    );
    const committed = runs.find(({ runId }) => runId === record?.committed?.runId);
    must(committed === undefined || committed.status === 'COMPLETED', 'the committed run is not committed');
    readersSee(protocol, runs);
    for (const sent of [...outbox, ...protocol.world.sent]) {
      if (sent.target === 'bus')
        told(
          sent,
          runs.find(({ runId }) => runId === sent.runId),
        );
    }
  };
}

function readersSee({ catalog }: Protocol, runs: RunRecord[]): void {
  const location = catalog.partitions.get(`${tableName(job.name)}/${slice}`)?.location;
  if (location === undefined) return;
  const run = runs.find(({ runId }) => location === locationOf(runId));
  must(
    run?.status === 'COMMITTING' || run?.status === 'COMPLETED',
    `readers see ${location}, whose run is ${run?.status}`,
  );
}

const locationOf = (runId: string): string => `s3://lake/${partitionPrefix(job.name, slice, runId)}`;

/** What must hold once nothing happens any more and the sweeper has nothing left to do. */
export function checkEnd(protocol: Protocol, { slice: record, runs, outbox }: Stored): void {
  const { world, catalog } = protocol;
  must(record?.holder == null, `${record?.holder?.runId} holds the slice for ever`);
  must(outbox.length === 0, `${outbox.length} records are left in the outbox`);
  const location = catalog.partitions.get(`${tableName(job.name)}/${slice}`)?.location;
  const committed = record?.committed?.runId;
  must(
    location === (committed === undefined ? undefined : locationOf(committed)),
    `the partition is ${location}, committed is ${committed}`,
  );
  for (const run of runs) toldOnce(protocol, run);
  const told = new Map<string, string>();
  for (const { target, id, body } of world.sent) {
    must((told.get(`${target} ${id}`) ?? body) === body, `${id} was sent with two bodies`);
    told.set(`${target} ${id}`, body);
  }
  const revisions = runs.filter(({ status }) => status === 'COMPLETED').map(({ revision }) => revision);
  must(new Set(revisions).size === revisions.length, `two commits have one revision: ${revisions}`);
  const latest = runs.toSorted((a, b) => a.fence - b.fence).at(-1);
  must(latest?.status !== 'COMPLETED' || latest.runId === committed, 'a later commit was lost');
  triggersServed(protocol, runs);
  filesLoaded(protocol, record, runs);
}

/** How each closed run ended is told by one event id of the right kind; a failed one by its message in the DLQ, too. */
function toldOnce({ world }: Protocol, { runId, status }: RunRecord): void {
  const sent = world.sent.filter((record) => record.runId === runId);
  const ids = (target: OutboxRecord['target']) => [
    ...new Set(sent.filter((record) => record.target === target).map(({ id }) => id)),
  ];
  const event = { COMPLETED: ['JobCompleted'], FAILED: ['JobFailed'] }[status as string] as
    | never[]
    | undefined;
  const expected = (event ?? []).map((type) => eventId(runId, type));
  const told = ids('bus').filter((id) => id !== eventId(runId, 'SliceReopened'));
  must(isDeepStrictEqual(told, expected), `${runId} is ${status}, its events are ${ids('bus')}`);
  const failures = status === 'FAILED' ? 1 : 0;
  must(ids('job-dlq').length === failures, `${runId} is ${status}, with ${ids('job-dlq')} in the DLQ`);
}

/** Who was told `busy` has its marked run started, or a run that took the slice later and does what was asked. */
function triggersServed({ world, busy }: Protocol, runs: RunRecord[]): void {
  for (const { runId, holder, markedRunId, force } of busy) {
    const fence = runs.find((run) => run.runId === holder)?.fence ?? 0;
    const later = runs.some((run) => run.fence > fence && (run.force || !force));
    const marked = world.executions.has(arnOf(markedRunId)) && wasLater(runs, markedRunId, fence);
    must(later || marked, `${runId} was busy behind ${holder}, and ${markedRunId} did not follow`);
  }
}

/** A marked run that never got the lease itself was at least not there before the trigger. */
function wasLater(runs: RunRecord[], runId: string, fence: number): boolean {
  const run = runs.find((other) => other.runId === runId);
  return run === undefined || run.fence === 0 || run.fence > fence;
}

/** A run has loaded what it says, and the last one every file whose arrival started a run. */
function filesLoaded(
  { manifests, files, executions }: Protocol,
  record: SliceRecord | null,
  runs: RunRecord[],
): void {
  const committed = record?.committed;
  const prefix = inboxPrefix(job.name, slice);
  if (committed != null) {
    const loaded = files.filter(({ key }) => manifests.get(committed.runId)?.includes(key));
    const { digest } = digestOf(sourceObjects('inbox', prefix, loaded));
    must(
      digest === committed.loaded.digest,
      `${committed.runId} says that it loaded other files than it did`,
    );
  }
  // A run that failed, or was stopped before it had the slice, was told as such: its files wait for the next one.
  const latest = runs.toSorted((a, b) => a.fence - b.fence).at(-1);
  const stopped = executions.some(
    ({ id, state }) => state === 'stopped' && !runs.some(({ runId }) => runId === id),
  );
  if (stopped || runs.some(({ status, fence }) => status === 'FAILED' && fence >= (latest?.fence ?? 0)))
    return;
  if (runs.some(({ status, fence }) => status === 'FAILED' && fence === 0)) return;
  const { digest } = digestOf(sourceObjects('inbox', prefix, files));
  must(committed?.loaded.digest === digest, 'a file was passed over');
}
