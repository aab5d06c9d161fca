import type { Ledger } from '../../aws/interfaces.ts';
import type { TriggerVerbs } from '../../aws/trigger-verbs.ts';
import { askedRunId, type Before, overlapping, type Timed } from '../../core/after.ts';
import { arrivalRunId } from '../../core/arrival.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { parseSlice, type Slice } from '../../core/slice.ts';
import type { RunRequest } from '../open-run/contract.ts';
import type { OwnMessage, Triggers } from './contract.ts';
import { type Arrived, type Received, type Work, worksOf } from './messages.ts';

export interface TriggerDeps
  extends Omit<TriggerVerbs, 'putPause' | 'removePause'>,
    Pick<Ledger, 'getSlice' | 'listSlices'> {
  triggers: Triggers;
  now(): Date;
  /** A message to this task, after so many seconds. */
  send(message: OwnMessage, delaySeconds?: number): Promise<void>;
  /** Named, so that a repeat starts nothing. */
  start(runId: string, request: RunRequest): Promise<void>;
  /** Whether the file is there that says that a slice is complete. */
  hasMarker(slice: string): Promise<boolean>;
}

/** For how long a notice is known again. Behind that a repeat of it costs a run that finds nothing new. */
const knownSeconds = 30 * 24 * 60 * 60;

/**
 * Does what each message asks for; those that failed come again, and at last into the queue's DLQ. One behind the
 * other, at most ten: the lines that each of them writes say whose they are, by the one logger that a function has.
 */
export async function receiveBatch(
  triggers: Triggers,
  received: readonly Received[],
  perform: (work: Work) => Promise<void>,
): Promise<{ batchItemFailures: Array<{ itemIdentifier: string }> }> {
  const failed = new Set<string>();
  for (const work of worksOf(triggers, received)) {
    try {
      await perform(work);
    } catch {
      for (const id of work.ids) failed.add(id);
    }
  }
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

export async function trigger(deps: TriggerDeps, work: Work): Promise<void> {
  if (work.do === 'refuse') throw work.error;
  if (work.do === 'arrived') return gather(deps, work.slice, work.files);
  if (work.do === 'due') return startArrived(deps, work.slice, work.count);
  if (work.do === 'committed') return askAll(deps, work.job, work.slice);
  return startAfter(deps, work.slice);
}

/**
 * Counts news of a slice, and sends the count ahead through the quiet time. The files of a burst count it on, so
 * that only the last message finds its own count.
 *
 * A notice of file a is counted, to 1, and this function ends. The notice comes again, and since nothing says yet
 * that a is known, it is counted again, to 2, and message 2 goes out: a message more, never a run less. Were a
 * written down before its message is sent, its second notice would be none, and nobody would ever load a.
 */
async function gather(deps: TriggerDeps, slice: string, files: readonly Arrived[]): Promise<void> {
  const { job, arrival } = deps.triggers;
  const known = await Promise.all(files.map(({ key }) => deps.getArrived(job.name, slice, key)));
  const news = files.filter((file, i) => isNews(file, known[i] ?? null));
  if (news.length === 0) return;
  const count = await deps.countArrival(job.name, slice);
  await deps.send({ schemaVersion: 1, due: { slice, count } }, arrival?.quietSeconds);
  const expiresAt = Math.floor(deps.now().getTime() / 1_000) + knownSeconds;
  for (const { key, sequence } of news) await deps.setArrived(job.name, slice, key, sequence, expiresAt);
}

/** An event that does not say where it stands is news: at worst it costs a run that finds nothing new. */
const isNews = ({ sequence }: Arrived, known: string | null): boolean =>
  sequence === '' || known === null || sequence > known;

/**
 * Quiet is over behind a count: its run is started, unless a file has come since, whose own message is on its way.
 *
 * It is written down that the run is due before the pause is read, and whoever ends a pause removes it before
 * reading what is due. So either this function finds no pause, or the other finds what this one left.
 */
async function startArrived(deps: TriggerDeps, slice: string, count: number): Promise<void> {
  const { job, arrival } = deps.triggers;
  const record = await deps.setDue(job.name, slice, count);
  if (record === null || record.started >= count) return;
  if ((await deps.getPause(job.name)) !== null) return;
  // The marker is counted when it comes, as every file is.
  if (arrival !== null && arrival.marker !== null && !(await deps.hasMarker(slice))) return;
  await deps.start(arrivalRunId(job.name, slice, count), { trigger: 'arrival', slice });
  await deps.setStarted(job.name, slice, count);
}

/** A job before has committed a slice: asks for each slice of this job that has to do with it. */
async function askAll(deps: TriggerDeps, committed: string, slice: string): Promise<void> {
  const { job, before } = deps.triggers;
  const upstream = before.find(({ name }) => name === committed);
  if (upstream === undefined) return;
  const slices = overlapping(job, parseSlice(upstream, slice));
  const names = slices?.map(({ name }) => name) ?? (await knownSlices(deps));
  await mapAtOnce(names, readsAtOnce, (name) => deps.send({ schemaVersion: 1, after: { slice: name } }));
}

/** Those that were run, and those that were asked for: what covers all time says of no other that it should be. */
async function knownSlices(deps: TriggerDeps): Promise<string[]> {
  const { name } = deps.triggers.job;
  const [run, asked] = await Promise.all([deps.listSlices(name), deps.listTriggers(name)]);
  return [...new Set([...run, ...asked].map(({ slice }) => slice))].sort();
}

/**
 * Starts a slice's run once all that comes before it is committed, and again with each new revision of that. All is
 * read from the ledger as it is now, so that it does not matter which commit was told first, or how often.
 */
async function startAfter(deps: TriggerDeps, slice: string): Promise<void> {
  const { job, before, onRevision } = deps.triggers;
  const wanted = parseSlice(job, slice);
  const states = await Promise.all(before.map((upstream) => statesOf(deps, upstream, wanted)));
  const runId = askedRunId(job.name, slice, states.flat());
  // Before the pause is read, as in startArrived.
  const { afterStarted } = await deps.setAfter(job.name, slice, runId);
  if (runId === null || runId === afterStarted) return;
  const committed = (await deps.getSlice(job.name, slice))?.committed != null;
  if (onRevision === 'ignore' && committed) return deps.setAfterStarted(job.name, slice, runId);
  if ((await deps.getPause(job.name)) !== null) return;
  const force = onRevision === 'rerun' && (committed || afterStarted !== null);
  await deps.start(runId, { trigger: 'after', slice, force });
  await deps.setAfterStarted(job.name, slice, runId);
}

async function statesOf(deps: TriggerDeps, upstream: Timed, wanted: Slice): Promise<Before[]> {
  const slices = overlapping(upstream, wanted) ?? [];
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return [];
  const known = await deps.listSlices(upstream.name, { from: first.name, to: last.name });
  const revisions = new Map(known.map((record) => [record.slice, record.committed?.revision ?? null]));
  return slices.map(({ name }) => ({
    job: upstream.name,
    slice: name,
    revision: revisions.get(name) ?? null,
  }));
}
