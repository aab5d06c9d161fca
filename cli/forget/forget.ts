/**
 * Erases a slice's data, with all that was made of it. Five steps, each of which a repeat does again:
 *
 *   1. the ledger: no run is the committed one any more, the fence goes up, and the record says who and why
 *   2. the partitions: readers see nothing. Nobody puts them back, since that is done for the committed run alone
 *   3. the objects, in all versions: the inbox first, so that no run loads them again meanwhile
 *   4. the event: who has read the slice is told that it is gone
 *   5. the record is completed
 *
 * A crash leaves a record that is not completed, at the slice's fence: whoever repeats the command goes on with it.
 */
import type { Catalog, Ledger, ObjectStore } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import { type ForgottenRecord, namedRuns, type OutboxRecord, type SliceRecord } from '../../core/ledger.ts';
import type { DataPrefix } from '../../core/storage.ts';
import { type CompletionDeps, sendPending } from '../../tasks/completion.ts';
import { forgotten } from '../../tasks/events.ts';
import { Problem, wrongUsage } from '../problem.ts';
import { type ForgetPlan, type PlanDeps, planOf, pointsTo, sum } from './plan.ts';

export interface ForgetDeps
  extends PlanDeps,
    Pick<Ledger, 'getSlice' | 'forget' | 'completeForgotten' | 'listForgotten'>,
    Pick<Catalog, 'deletePartition'>,
    Pick<ObjectStore, 'deleteVersions'>,
    Pick<CompletionDeps, 'pendingOutbox' | 'send' | 'markSent'> {
  /** Puts the slice's partition right where a run has committed it since. */
  repair(of: { job: string; slice: string }): Promise<unknown>;
  now(): Date;
  progress(text: string): void;
  database: string;
  region: string;
}

export interface Asked {
  by: string;
  reason: string;
}

export interface Forgot {
  plan: ForgetPlan;
  record: ForgottenRecord;
  /** A run that took the slice meanwhile: it may have loaded what was being erased. */
  since: string | null;
}

/** Each round somebody else had the slice meanwhile. */
const rounds = 20;

export async function forget(
  deps: ForgetDeps,
  of: { job: string; slice: string },
  asked: Asked,
): Promise<Forgot> {
  for (let round = 0; round < rounds; round++) {
    const seen = await freeSlice(deps, of);
    const plan = await planOf(deps, seen);
    const open = (await deps.listForgotten(of.job, of.slice)).filter(({ doneAt }) => doneAt === null);
    const record = open.find(({ fence }) => fence === seen.fence) ?? (await begin(deps, seen, plan, asked));
    if (record === null) continue;
    await removePartitions(deps, plan);
    for (const prefix of plan.prefixes) await empty(deps, prefix);
    for (const { runId } of plan.runs) await sendPending(deps, { job: of.job, runId });
    const doneAt = deps.now().toISOString();
    // An older one that broke off asked for a part of this.
    for (const each of new Set([...open, record])) await deps.completeForgotten(each, doneAt);
    return { plan, record: { ...record, doneAt }, since: await holderSince(deps, record) };
  }
  throw new ForebayError(
    'LedgerConflict',
    `slice ${of.slice} of ${of.job} changed hands ${rounds} times; nothing of it is erased, do it again`,
  );
}

/** The slice as nobody holds it; otherwise a problem that says what to do first. */
export async function freeSlice(
  deps: Pick<Ledger, 'getSlice'>,
  { job, slice }: { job: string; slice: string },
): Promise<SliceRecord> {
  const seen = await deps.getSlice(job, slice);
  if (seen === null) {
    const what = `no run has come to slice '${slice.slice(0, 60)}' of ${job}, so there is nothing to forget`;
    throw wrongUsage(`${what}; \`forebay runs list ${job}\` shows the slices that there are`);
  }
  const { holder, mark } = seen;
  if (holder !== null) {
    const what = `run ${holder.runId} holds slice ${slice} of ${job}`;
    throw new Problem(`${what}: wait for its end, or \`forebay runs cancel ${holder.runId}\``);
  }
  if (mark !== null) {
    const what = `run ${mark.runId} waits for slice ${slice} of ${job}, and begins within minutes`;
    throw new Problem(`${what}: wait for its end, or cancel it then`);
  }
  return seen;
}

async function begin(
  deps: ForgetDeps,
  seen: SliceRecord,
  plan: ForgetPlan,
  { by, reason }: Asked,
): Promise<ForgottenRecord | null> {
  const ids = plan.runs.map(({ runId }) => runId);
  const record: ForgottenRecord = {
    ...{ job: seen.job, slice: seen.slice, at: deps.now().toISOString(), by, reason, fence: seen.fence + 1 },
    revision: seen.committed?.revision ?? seen.forgotten?.revision ?? 0,
    runs: { count: ids.length, ids: ids.slice(0, namedRuns) },
    found: sum(Object.values(plan.found)),
    doneAt: null,
  };
  return (await deps.forget(seen, record, await toldOf(deps, seen, plan, record.at))) ? record : null;
}

/** Whoever has read the slice learns that it is gone. Where nothing was published there is nothing to tell. */
async function toldOf(
  deps: ForgetDeps,
  { committed }: SliceRecord,
  { runs }: ForgetPlan,
  now: string,
): Promise<OutboxRecord[]> {
  const run = runs.find(({ runId }) => runId === committed?.runId);
  if (run === undefined) return [];
  return [forgotten(await deps.readJob(run), run, { database: deps.database, region: deps.region, now })];
}

async function removePartitions(deps: ForgetDeps, { job, slice, runs, tables }: ForgetPlan): Promise<void> {
  for (const table of tables) {
    deps.progress(`removing the partition of ${table}`);
    if (await pointsTo(deps, table, slice, runs)) await deps.deletePartition(table, slice);
  }
  // A run may have committed between the look and the deletion: what it published is put back.
  await deps.repair({ job, slice });
}

async function empty(deps: ForgetDeps, { kind, prefix }: DataPrefix): Promise<void> {
  const bucket = deps.bucketOf(kind);
  for (let round = 0; round < rounds; round++) {
    const versions = await deps.listVersions(bucket, prefix);
    if (versions.length === 0) return;
    deps.progress(`erasing ${versions.length} versions in ${kind}`);
    await deps.deleteVersions(bucket, versions);
  }
  throw new Problem(`somebody goes on putting objects below s3://${bucket}/${prefix}: stop that, and repeat`);
}

async function holderSince(
  deps: Pick<Ledger, 'getSlice'>,
  { job, slice, fence }: ForgottenRecord,
): Promise<string | null> {
  const now = await deps.getSlice(job, slice);
  if (now === null || now.fence === fence) return null;
  return now.holder?.runId ?? now.last?.runId ?? null;
}
