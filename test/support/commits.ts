/** Another job's commits in a ledger, as far as anybody who comes after it sees them. */
import type { Ledger } from '../../aws/interfaces.ts';
import { newRun } from '../conformance/ledger.ts';

/** Commits a slice as its next revision. */
export async function commitSlice(ledger: Ledger, job: string, slice: string): Promise<void> {
  const seen = await ledger.getSlice(job, slice);
  const run = await ledger.acquire(seen, newRun(job, `${job}-${slice}-${seen?.fence ?? 0}`, { slice }));
  if (run === null) throw new Error(`${job} ${slice} is held`);
  await ledger.setLoaded(run, { digest: 'd', count: 1 });
  const counts = { read: 1, written: 1, rejected: 0, filtered: 0, repeatedKeys: 0 };
  const manifest = { bucket: 'ops', key: 'm' };
  await ledger.beginCommit(run, { manifest, counts, commitAs: 'COMPLETED' });
  const committing = await ledger.getRun(job, run.runId);
  if (committing === null) throw new Error(`${run.runId} is not there`);
  await ledger.closeCommitted(committing, { endedAt: '2026-03-02T00:00:00.000Z', outbox: [] });
}
