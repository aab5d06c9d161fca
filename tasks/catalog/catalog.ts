import type { Catalog, CatalogTable, Ledger } from '../../aws/interfaces.ts';
import { mergeColumns } from '../../core/catalog.ts';
import { ForebayError } from '../../core/errors.ts';
import type { RunRecord, SliceRecord } from '../../core/ledger.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { CatalogInput, CatalogOutput } from './contract.ts';

export interface ApplyDeps
  extends Pick<Catalog, 'getTable' | 'createTable' | 'updateTable' | 'getPartition' | 'setPartition'>,
    Pick<Ledger, 'getSlice' | 'getRun'> {
  readManifest(ref: ObjectRef): Promise<Manifest>;
  lakeBucket: string;
}

export interface CatalogDeps extends ApplyDeps, TraceDeps, Pick<Ledger, 'beginCommit'> {}

/** Each round somebody else changed the table or the slice; this many in a row is a fault. */
const rounds = 20;

/** Commits a run, or rolls a committed one forward: the ledger's write first, then table and partition. */
export function commitRun(deps: CatalogDeps, input: CatalogInput): Promise<CatalogOutput> {
  const { run, status, manifest } = input;
  return traced(deps, run, 'Catalog', input.attempt, async () => {
    if ('counts' in input) {
      await fitTable(deps, run, manifest);
      const commit = {
        manifest: { bucket: manifest.bucket, key: manifest.key },
        counts: input.counts,
        commitAs: status,
      };
      // This write is the commit. FailRun writes FAILED on the same condition: whoever comes second obeys.
      if (!(await deps.beginCommit(run, commit))) await mustBeCommitted(deps, run);
    }
    const { rows } = await applyToCatalog(deps, run, manifest);
    return {
      output: { run, status, manifest: { bucket: manifest.bucket, key: manifest.key } },
      metrics: { rows },
    };
  });
}

/**
 * Two slices that run at the same time may each bring a column that the table does not have, with two types. The
 * table takes the one that comes first; the other run must know it while it can still fail, and a committed one
 * cannot. Columns of a run that is never committed stay, and read as null.
 */
async function fitTable(deps: CatalogDeps, run: RunRef, ref: ObjectRef): Promise<void> {
  const record = await deps.getRun(run.job, run.runId);
  if (record?.status === 'RUNNING') await evolveTable(deps, await deps.readManifest(ref));
}

async function mustBeCommitted(deps: CatalogDeps, run: RunRef): Promise<void> {
  const record = await deps.getRun(run.job, run.runId);
  if (record?.manifest != null && record.status !== 'FAILED') return;
  throw new ForebayError(
    'RunFenced',
    `run ${run.runId} is ${record?.status ?? 'unknown'} in the ledger, and cannot be committed`,
  );
}

/** Evolves the table and points the slice's one partition at the run. Whoever repeats it does the same. */
export async function applyToCatalog(
  deps: ApplyDeps,
  run: Pick<RunRef, 'job' | 'slice'>,
  ref: ObjectRef,
): Promise<{ rows: number }> {
  const manifest = await deps.readManifest(ref);
  // An old worker that wakes behind an erasure must not bring back the partition of what is erased.
  if (!isErased(await deps.getSlice(run.job, run.slice))) await pointPartition(deps, manifest);
  // Somebody may have taken this run over and committed another meanwhile.
  await repairPartition(deps, run);
  return { rows: manifest.counts.written };
}

/** Nothing is published of the slice, and nobody is about to: a run that commits holds it to its end. */
const isErased = (slice: SliceRecord | null): boolean =>
  slice?.forgotten !== undefined && slice.committed === null && slice.holder === null;

async function pointPartition(deps: ApplyDeps, manifest: Manifest): Promise<void> {
  const table = await evolveTable(deps, manifest);
  const location = `s3://${deps.lakeBucket}/${manifest.table.prefix}`;
  await deps.setPartition(table, { slice: manifest.slice, location, columns: manifest.table.columns });
}

/** Two slices of one table may commit at the same moment: who lost the update reads the table afresh. */
async function evolveTable(deps: ApplyDeps, { job, table }: Manifest): Promise<CatalogTable> {
  for (let round = 0; round < rounds; round++) {
    const has = await deps.getTable(table.name);
    if (has === null) {
      const location = `s3://${deps.lakeBucket}/${table.prefix.slice(0, table.prefix.indexOf('slice='))}`;
      await deps.createTable({
        name: table.name,
        columns: table.columns,
        location,
        parameters: { 'forebay.job': job },
      });
      continue;
    }
    const columns = mergeColumns(table.name, has.columns, table.columns);
    if (columns === null) return has;
    if (await deps.updateTable({ ...has, columns })) return { ...has, columns };
  }
  throw new ForebayError(
    'LedgerConflict',
    `table ${table.name} changed ${rounds} times while it was to be updated`,
  );
}

/**
 * Compares the slice's partition with the run that the ledger has committed, and puts it right until both agree;
 * `true` where it had to. The ledger is read again behind each write: an old worker that wakes late may itself
 * be what went wrong.
 */
export async function repairPartition(deps: ApplyDeps, of: Pick<RunRef, 'job' | 'slice'>): Promise<boolean> {
  let repaired = false;
  for (let round = 0; round < rounds; round++) {
    const run = await committedRun(deps, await deps.getSlice(of.job, of.slice));
    if (run?.manifest == null) return repaired;
    const manifest = await deps.readManifest(run.manifest);
    const partition = await deps.getPartition(manifest.table.name, of.slice);
    if (partition?.location === `s3://${deps.lakeBucket}/${manifest.table.prefix}`) return repaired;
    await pointPartition(deps, manifest);
    repaired = true;
  }
  throw new ForebayError(
    'LedgerConflict',
    `slice ${of.slice} of ${of.job} changed ${rounds} times while it was compared`,
  );
}

/** The run that readers are to see: the holder's once it is committing, and otherwise the slice's committed one. */
async function committedRun(
  deps: Pick<Ledger, 'getRun'>,
  slice: SliceRecord | null,
): Promise<RunRecord | null> {
  if (slice === null) return null;
  const holder = slice.holder === null ? null : await deps.getRun(slice.job, slice.holder.runId);
  if (holder?.status === 'COMMITTING') return holder;
  return slice.committed === null ? null : deps.getRun(slice.job, slice.committed.runId);
}
