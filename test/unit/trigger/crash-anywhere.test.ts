/**
 * Each way in that starts runs by itself, interrupted before and after each of its writes in turn, with the runs
 * that it starts: the messages that were under way come again, and in the end the slice is loaded once, and whole.
 */
import { expect, test } from 'vitest';
import { resume } from '../../../cli/commands/jobs-pause.ts';
import type { Job } from '../../../core/job/model.ts';
import type { RunRequest } from '../../../tasks/open-run/contract.ts';
import { commitSlice } from '../../support/commits.ts';
import { readBatchBytes } from '../../support/envelope.ts';
import { execute, newPipeline, type Pipeline, partitionOf } from '../../support/pipeline.ts';
import {
  commitNotice,
  deliver,
  newTriggering,
  notice,
  quiet,
  say,
  type Triggering,
  visible,
} from '../../support/triggering.ts';
import { job as plainJob } from '../../support/world.ts';

const slice = '2026-03-01';
const job: Job = { ...plainJob, timezone: 'UTC', arrival: { quietSeconds: quiet, marker: null } };
const before = [{ name: 'customers', cadence: 'daily' as const, timezone: 'UTC' }];

interface Whole {
  pipeline: Pipeline;
  of: Triggering;
}

async function newWhole(interruption: Triggering['interruption'] = null): Promise<Whole> {
  const pipeline = await newPipeline(job, {}, slice);
  const of = newTriggering(job, before, pipeline.ports.ledger);
  of.interruption = interruption;
  return { pipeline, of };
}

async function put({ pipeline, of }: Whole, name: string, id: number, at = of.time): Promise<void> {
  const key = `orders/${slice}/${name}`;
  await pipeline.ports.objects.put({ bucket: 'inbox', key }, Buffer.from(`order_id\n${id}\n`));
  notice(of, key, '0062E9', at);
}

/** Until nothing is under way: each run as soon as it is started. */
async function settle({ pipeline, of }: Whole): Promise<void> {
  while (of.messages.length > 0) {
    of.time = Math.max(of.time, Math.min(...of.messages.map(({ at }) => at)));
    const known = of.starts.length;
    await deliver(of, visible(of).slice(0, 10));
    for (const { runId, request } of of.starts.slice(known)) await execute(pipeline, runId, slice, request);
  }
}

/** The records that a reader of the table finds. */
async function rowsOf({ ports, ...pipeline }: Pipeline): Promise<number[]> {
  const location = partitionOf({ ports, ...pipeline }, slice)?.location ?? '';
  const parts = await ports.objects.list('lake', location.slice('s3://lake/'.length));
  const rows = await Promise.all(
    parts.map(async ({ key }) => readBatchBytes(await ports.objects.get({ bucket: 'lake', key }))),
  );
  return rows
    .flat()
    .map(({ data }) => Number(data.order_id))
    .sort((a, b) => a - b);
}

async function assess({ pipeline, of }: Whole, ids: number[], commits: number): Promise<void> {
  const { ledger } = pipeline.ports;
  expect(of.dlq).toEqual([]);
  expect(await rowsOf(pipeline)).toEqual(ids);
  expect(await ledger.getSlice('orders', slice)).toMatchObject({
    ...{ holder: null, mark: null, committed: { revision: commits } },
  });
  const runs = await ledger.listRuns({ job: 'orders' });
  const of_ = (status: string) => runs.filter((run) => run.status === status).length;
  expect({ completed: of_('COMPLETED'), skipped: of_('SKIPPED') }).toEqual({
    ...{ completed: commits, skipped: runs.length - commits },
  });
  const [record] = await ledger.listTriggers('orders');
  expect(record?.started).toBe(record?.count);
  expect(record?.afterStarted).toBe(record?.after);
}

const ways: Record<string, { play(whole: Whole): Promise<void>; ids: number[]; commits: number }> = {
  'a burst of files': {
    play: async (whole) => {
      await put(whole, 'a.csv', 1);
      await put(whole, 'b.csv', 2);
      await put(whole, 'c.csv', 3, 60);
      notice(whole.of, `orders/${slice}/a.csv`, '0062E9', 90);
      await settle(whole);
    },
    ...{ ids: [1, 2, 3], commits: 1 },
  },
  'a job before, and its next revision': {
    play: async (whole) => {
      const { objects, ledger } = whole.pipeline.ports;
      await objects.put({ bucket: 'inbox', key: `orders/${slice}/a.csv` }, Buffer.from('order_id\n1\n'));
      for (let revision = 0; revision < 2; revision++) {
        await commitSlice(ledger, 'customers', slice);
        commitNotice(whole.of, 'customers', slice);
        await settle(whole);
      }
    },
    ...{ ids: [1], commits: 2 },
  },
  'a resume': {
    play: async (whole) => {
      const { ledger } = whole.pipeline.ports;
      await ledger.putPause('orders', { at: '2026-03-02T12:00:00Z', by: 'ann', reason: null });
      await put(whole, 'a.csv', 1);
      await settle(whole);
      expect(whole.of.starts).toEqual([]);
      await resume(ledger, 'orders', async (message) => say(whole.of, message));
      await settle(whole);
    },
    ...{ ids: [1], commits: 1 },
  },
};

test.each(Object.entries(ways))(
  'F15 %s that is interrupted at any write ends with each revision committed once, and every file loaded',
  async (_, { play, ids, commits }) => {
    const undisturbed = await newWhole();
    await play(undisturbed);
    await assess(undisturbed, ids, commits);
    const { writes } = undisturbed.of;
    expect(undisturbed.of.starts).toHaveLength(commits);
    for (let write = 1; write <= writes.length; write++) {
      for (const when of ['before', 'after'] as const) {
        const whole = await newWhole({ write, when });
        await play(whole);
        await assess(whole, ids, commits).catch((error: Error) => {
          throw new Error(`${when} ${writes[write - 1]}, write ${write}: ${error.message}`);
        });
      }
    }
    console.log(`interrupted: ${2 * writes.length} points in ${writes.join(' ')}`);
  },
  120_000,
);

test.each(['acquire', 'setLoaded', 'putObject', 'beginCommit', 'closeCommitted', 'markSent'])(
  'F32 a file that comes while a run of its slice is at %s is loaded, by this run or the next',
  async (moment) => {
    const whole = await newWhole();
    const { pipeline } = whole;
    const marked: Array<{ runId: string; request: RunRequest }> = [];
    pipeline.start = async (runId, request) => void marked.push({ runId, request });
    let came = false;
    pipeline.watch = async () => {
      if (came || pipeline.writes.at(-1) !== moment) return;
      came = true;
      await put(whole, 'b.csv', 2);
      // Its run finds the slice held: it ends busy, and leaves its mark.
      await settle(whole).catch((error: Error) => expect(error.message).toMatch(/is busy$/));
    };
    await put(whole, 'a.csv', 1);
    await settle(whole);
    expect(came).toBe(true);
    for (const { runId, request } of marked.slice(0, 1)) await execute(pipeline, runId, slice, request);
    const late = moment === 'acquire' ? 1 : 2;
    await assess(whole, [1, 2], late);
  },
  60_000,
);
