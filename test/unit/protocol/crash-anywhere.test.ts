/**
 * A whole run, interrupted before and after each of its writes in turn, and taken up again: by a retry of the
 * task that was interrupted, or, where its execution ended for good, by the sweeper and a fresh run of the slice.
 */
import { expect, test } from 'vitest';
import { mapAtOnce } from '../../../core/at-once.ts';
import type { RepeatedKeyPolicy } from '../../../core/job/model.ts';
import { deliver, execute, Interrupted, sweepAll } from '../../support/pipeline.ts';
import { assess, expected, manifestOf, newRun, points, slice, undisturbed } from '../../support/whole-run.ts';

const policies = Object.keys(expected) as RepeatedKeyPolicy[];

test.each(policies)(
  'an undisturbed run has the records that contract and filter leave: %s',
  async (policy) => {
    const { pipeline, table, writes, manifest } = await undisturbed(policy);
    await assess(pipeline, table);
    expect(manifest.raw).toHaveLength(2);
    expect(manifest.files.length).toBeGreaterThan(2);
    const rows = table.map(([, row]) => row as [number, Record<string, string>]);
    expect(rows.map(([record, { order_id }]) => `${order_id} ${record}`).sort()).toEqual(
      expected[policy].rows,
    );
    expect(new Set(writes).size).toBeGreaterThan(15);
  },
);

test.each(policies.filter((policy) => policy !== 'allow'))(
  'a child of a Map that is done again at any later moment changes nothing: %s',
  async (policy) => {
    const { table, manifest } = await undisturbed(policy);
    const pipeline = await newRun(policy, null);
    pipeline.repeating = true;
    await execute(pipeline, 'r1', slice);
    await assess(pipeline, table);
    expect(await manifestOf(pipeline, 'r1')).toEqual(manifest);
  },
);

/** Each has a world of its own, and waits for its engines most of the time. */
const runsAtOnce = 4;

/** Those whose ways differ: without buckets, and with all that buckets can lead to. */
const ways: RepeatedKeyPolicy[] = ['allow', 'reject'];

test.each(ways)(
  'F01 F02 F03 F04 F06 F08 F09 a run that is interrupted at any write and tried again ends the same: %s',
  async (policy) => {
    const { table, writes, manifest } = await undisturbed(policy);
    await mapAtOnce(points(writes.length), runsAtOnce, async (point) => {
      const pipeline = await newRun(policy, { ...point, mode: 'tried again' });
      await execute(pipeline, 'r1', slice);
      expect(pipeline.interrupted).toBe(true);
      expect(await assess(pipeline, table), `${point.when} write ${point.write}`).toBe('r1');
      expect(await manifestOf(pipeline, 'r1')).toEqual(manifest);
    });
    console.log(`interrupted and tried again: ${2 * writes.length} points in ${writes.length} writes`);
  },
  240_000,
);

test.each(ways)(
  'F14 F21 F22 a run that ends for good at any write is finished by the sweeper and a fresh run: %s',
  async (policy) => {
    const { table, writes } = await undisturbed(policy);
    const committed = await mapAtOnce(points(writes.length), runsAtOnce, async (point) => {
      const pipeline = await newRun(policy, { ...point, mode: 'ends for good' });
      await expect(execute(pipeline, 'r1', slice)).rejects.toBeInstanceOf(Interrupted);
      pipeline.interruption = null;
      pipeline.now = new Date(pipeline.now.getTime() + 120_000);
      await sweepAll(pipeline);
      // What was left in the queue comes to the writers now.
      await deliver(pipeline);
      await execute(pipeline, 'r2', slice);
      pipeline.now = new Date(pipeline.now.getTime() + 120_000);
      await sweepAll(pipeline);
      return assess(pipeline, table);
    });
    // Up to the commit the fresh run loads the slice; from there on the first one is only rolled forward.
    const commit = 2 * writes.indexOf('beginCommit') + 1;
    expect(committed.slice(0, commit)).toEqual(Array(commit).fill('r2'));
    expect(committed.slice(commit)).toEqual(Array(committed.length - commit).fill('r1'));
    console.log(`interrupted for good: ${committed.length} points in ${writes.length} writes`);
  },
  240_000,
);
