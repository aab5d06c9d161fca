/** The redrive command over a whole pipeline in memory, with queues that hide what somebody has at hand. */
import { expect, test } from 'vitest';
import type { PeekedMessage } from '../../../aws/peek.ts';
import type { Takes } from '../../../aws/sift.ts';
import type { DeadLetterQueue } from '../../../cli/failures/dead-letters.ts';
import { type DiscardDeps, discard as discardAll } from '../../../cli/failures/discard.ts';
import { planRedrive } from '../../../cli/failures/plan.ts';
import { type RedriveDeps, redrive as redriveAll } from '../../../cli/failures/redrive.ts';
import { type FailureRecord, runFailureId } from '../../../core/failure.ts';
import { versionOf } from '../../../core/job/version.ts';
import type { RunRequest } from '../../../tasks/open-run/contract.ts';
import { execute, fork, Interrupted, type Pipeline } from '../../support/pipeline.ts';
import { assess, breakLake, failedWrite, newRun, slice, undisturbed } from '../../support/whole-run.ts';
import { arnOf } from '../../support/world.ts';

const machinePrefix = 'arn:aws:states:eu-west-1:000000000000:stateMachine:forebay-local-';
const queues: DeadLetterQueue[] = [
  { name: 'job-dlq', url: 'job', kind: 'job' },
  { name: 'lake-dlq', url: 'write', kind: 'write', job: 'orders' },
  { name: 'delivery-dlq', url: 'delivery', kind: 'delivery' },
];
const at = '2026-03-02T12:00:00.000Z';

interface Bench {
  pipeline: Pipeline;
  deps: RedriveDeps & DiscardDeps;
  queued: Record<string, PeekedMessage[]>;
  delivered: string[];
  /** Executions that were asked for, and those that began. */
  started: string[];
  begun: string[];
  /** The command ends before or behind its write of that number. */
  interruption: { write: number; when: 'before' | 'after' } | null;
  writes: string[];
}

const message = (id: string, body: unknown, attributes: Record<string, string> = {}): PeekedMessage => ({
  ...{ id, body: JSON.stringify(body), sentAt: at, receives: 1, movedFrom: null, attributes },
});

/** What the failed runs of the pipeline so far have in their queues, and the cloud as the command sees it. */
function benchOf(pipeline: Pipeline): Bench {
  const letters = pipeline.sent.filter(({ target }) => target === 'job-dlq');
  const queued: Bench['queued'] = {
    job: letters.map(({ body }, i) => message(`job-${i}`, JSON.parse(body))),
    write: pipeline.dead.map((dead, i) => message(`write-${i}`, dead)),
    delivery: [],
  };
  const bench: Bench = {
    ...{ pipeline, queued, delivered: [], started: [], begun: [], interruption: null, writes: [] },
    deps: {} as Bench['deps'],
  };
  const { ledger } = pipeline.ports;
  const write = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const number = bench.writes.push(name);
    const last = bench.interruption?.write ?? Number.POSITIVE_INFINITY;
    // A command that has ended does nothing more.
    if (number > last) throw new Interrupted(`${name} of a command that has ended`);
    const mine = number === last;
    if (mine && bench.interruption?.when === 'before') throw new Interrupted(`before ${name}`);
    const answer = await work();
    if (mine) throw new Interrupted(`after ${name}`);
    return answer;
  };
  const hidden = new Set<string>();
  const sift = async (url: string, takes: Takes) => {
    const seen = (queued[url] ?? []).filter(({ id }) => !hidden.has(id));
    for (const { id } of seen) hidden.add(id);
    const taken: string[] = [];
    try {
      for (const each of seen) {
        if (!(await takes(each, async () => undefined))) continue;
        await write('delete', async () => {
          queued[url] = (queued[url] ?? []).filter(({ id }) => id !== each.id);
        });
        taken.push(each.id);
      }
    } finally {
      for (const { id } of seen) hidden.delete(id);
    }
    return { taken, left: seen.length - taken.length };
  };
  bench.deps = {
    ...ledger,
    lockFailure: (...args) => write('lockFailure', () => ledger.lockFailure(...args)),
    closeFailure: (...args) => write('closeFailure', () => ledger.closeFailure(...args)),
    describe: async (arn) => {
      const found = pipeline.executions.get(arn);
      return found === undefined ? null : { ...found, error: null, output: null };
    },
    arnOf: (_job, runId) => arnOf(runId),
    start: (_job, runId, request) =>
      write('start', async () => {
        bench.started.push(runId);
        if (pipeline.executions.has(arnOf(runId))) return;
        bench.begun.push(runId);
        await execute(pipeline, runId, slice, request);
      }),
    follow: async ({ job, runId }) =>
      (await ledger.getRun(job, runId)) ?? expect.fail(`${runId} is not there`),
    sift,
    deliver: async ({ messageId, target }) => {
      if (target.endsWith('broken')) throw new Error('it does not take it');
      return write('deliver', async () => {
        bench.delivered.push(`${messageId} ${target}`);
        return 'taken';
      });
    },
    ...{ by: 'ann', now: () => new Date(at), machinePrefix, progress: () => undefined },
  };
  return bench;
}

/** Where nothing goes wrong on the way. */
const redrive = async (...args: Parameters<typeof redriveAll>) => untroubled(await redriveAll(...args));
const discard = async (...args: Parameters<typeof discardAll>) => untroubled(await discardAll(...args));

function untroubled<T>({ outcomes, troubles }: { outcomes: T[]; troubles: string[] }): T[] {
  expect(troubles).toEqual([]);
  return outcomes;
}

const openOf = ({ pipeline }: Bench): Promise<FailureRecord[]> => pipeline.ports.ledger.listFailures();
const ids = (failures: readonly FailureRecord[]): string[] => failures.map(({ id }) => id).sort();

test('F38 a redrive resumes the failed run, closes its failures, and takes its messages out of both queues', async () => {
  const { table } = await undisturbed('allow');
  const bench = benchOf(await failedWrite());
  const failures = await openOf(bench);
  expect(ids(failures)).toEqual(['orders/r1', 'orders/r1/lake/1']);
  expect([bench.queued.job?.length, bench.queued.write?.length]).toEqual([1, 1]);
  const outcomes = await redrive(bench.deps, failures, queues);
  expect(outcomes.map(({ id, outcome, messages }) => [id, outcome, messages]).sort()).toEqual([
    ['orders/r1', 'redriven', 1],
    ['orders/r1/lake/1', 'redriven', 1],
  ]);
  expect(bench.begun).toHaveLength(1);
  expect(await assess(bench.pipeline, table)).toBe(bench.begun[0]);
  expect(await openOf(bench)).toEqual([]);
  expect(bench.queued).toEqual({ job: [], write: [], delivery: [] });
  expect(await bench.pipeline.ports.ledger.getFailure('orders/r1')).toMatchObject({
    closed: { how: 'redriven', by: 'ann', reason: expect.stringContaining(bench.begun[0] ?? '') },
  });
});

test('the redrive of a write is that of its run', async () => {
  const bench = benchOf(await failedWrite());
  const [write] = (await openOf(bench)).filter(({ kind }) => kind === 'write');
  if (write === undefined) return expect.fail('no write failed');
  expect(await redrive(bench.deps, [write], queues)).toMatchObject([{ outcome: 'redriven' }]);
  expect(await openOf(bench)).toEqual([]);
  expect(bench.queued.write).toEqual([]);
  expect(bench.queued.job).toEqual([]);
});

test('F36 a redrive of what is being redriven is refused, and names the run that has it', async () => {
  const bench = benchOf(await failedWrite());
  const { deps, pipeline } = bench;
  const failures = await openOf(bench);
  const { start } = deps;
  let second: unknown;
  deps.start = async (job, runId, request) => {
    pipeline.executions.set(arnOf(runId), { status: 'RUNNING', stoppedAt: null });
    second = await redrive(
      { ...deps, start },
      failures.filter(({ kind }) => kind === 'run'),
      queues,
    );
    pipeline.executions.delete(arnOf(runId));
    return start(job, runId, request);
  };
  const first = await redrive(deps, failures, queues);
  expect(second).toMatchObject([
    { outcome: 'refused', messages: 0, detail: expect.stringContaining(bench.begun[0] ?? 'x') },
  ]);
  expect(first.map(({ outcome }) => outcome)).toEqual(['redriven', 'redriven']);
  expect(bench.begun).toHaveLength(1);
});

test('F36 of two redrives that begin at the same moment one run comes', async () => {
  const bench = benchOf(await failedWrite());
  const failures = await openOf(bench);
  const [one, two] = await Promise.all([
    redrive(bench.deps, failures, queues),
    redrive(bench.deps, failures, queues),
  ]);
  expect(bench.begun).toHaveLength(1);
  const outcomes = new Set([...one, ...two].map(({ outcome }) => outcome));
  expect(outcomes).toContain('redriven');
  expect(await openOf(bench)).toEqual([]);
});

test('a redrive that fails again leaves one open failure of the run, whose message is kept, and the old one is gone', async () => {
  const bench = benchOf(await failedWrite());
  const mend = breakLake(bench.pipeline, 2);
  const before = bench.pipeline.sent.length;
  const outcomes = await redrive(bench.deps, await openOf(bench), queues);
  mend();
  const [runId = ''] = bench.begun;
  expect(outcomes.map(({ outcome, by }) => [outcome, by])).toEqual([
    ['failed-again', runId],
    ['failed-again', runId],
  ]);
  expect(ids(await openOf(bench))).toEqual([`orders/${runId}`, `orders/${runId}/lake/2`]);
  expect(bench.queued.job).toEqual([]);
  expect(bench.queued.write).toEqual([]);
  const again = benchOf(bench.pipeline);
  again.queued.job = again.queued.job?.slice(-1) ?? [];
  expect(bench.pipeline.sent.slice(before).map(({ target }) => target)).toContain('job-dlq');
  const second = await redrive(again.deps, await openOf(again), queues);
  expect(second.map(({ outcome }) => outcome)).toEqual(['redriven', 'redriven']);
  expect(await openOf(again)).toEqual([]);
  expect(again.queued.job).toEqual([]);
});

test('a failure whose slice was committed since is closed, and nothing is run', async () => {
  const bench = benchOf(await failedWrite());
  await execute(bench.pipeline, 'r2', slice);
  const outcomes = await redrive(bench.deps, await openOf(bench), queues);
  expect(outcomes.map(({ outcome, by }) => [outcome, by])).toEqual([
    ['redriven', 'r2'],
    ['redriven', 'r2'],
  ]);
  expect(bench.begun).toEqual([]);
  expect(bench.queued).toEqual({ job: [], write: [], delivery: [] });
});

test('a slice that was made anew from raw since is no answer to a failed run that had seen a new file', async () => {
  const pipeline = await newRun('allow', null);
  pipeline.watch = async () => undefined;
  await execute(pipeline, 'r0', slice);
  const late = { bucket: 'inbox', key: `orders/${slice}/late.csv` };
  await pipeline.ports.objects.put(late, Buffer.from('order_id,email\n11,x@example.org\n'));
  const mend = breakLake(pipeline, 1);
  await execute(pipeline, 'r1', slice);
  mend();
  await execute(pipeline, 'r2', slice, { from: 'raw' });
  const bench = benchOf(pipeline);
  const readOf = async (runId: string) => {
    const run = await bench.deps.getRun('orders', runId);
    return [run?.status, run?.counts?.read];
  };
  const [status, read = 0] = (await readOf('r0')) as [string, number];
  expect([status, await readOf('r2')]).toEqual(['PARTIAL', ['PARTIAL', read]]);
  const outcomes = await redrive(bench.deps, await openOf(bench), queues);
  const [by = ''] = bench.begun;
  expect(new Set(outcomes.map((each) => `${each.outcome} by ${each.by}`))).toEqual(
    new Set([`redriven by ${by}`]),
  );
  expect(await readOf(by)).toEqual(['PARTIAL', read + 1]);
});

/** The forced reload r1 failed, and another run takes its slice at the moment when the redrive starts: h, that ends. */
async function heldAtItsStart(holder: { force?: boolean; breaks?: boolean; file?: string }) {
  const pipeline = await newRun('allow', null);
  pipeline.watch = async () => undefined;
  await execute(pipeline, 'r0', slice);
  const mend = breakLake(pipeline, 1);
  await execute(pipeline, 'r1', slice, { force: true });
  mend();
  const bench = benchOf(pipeline);
  const { deps } = bench;
  const [{ start, follow }, marked] = [deps, [] as Array<[string, Partial<RunRequest>]>];
  deps.start = async (job, runId, request) => {
    deps.start = start;
    if (holder.file !== undefined) {
      const key = `orders/${slice}/${holder.file}`;
      await pipeline.ports.objects.put(
        { bucket: 'inbox', key },
        Buffer.from('order_id,email\n11,x@example.org\n'),
      );
    }
    pipeline.start = async (name, asked) => void marked.push([name, asked]);
    pipeline.watch = async () => {
      if (pipeline.writes.at(-1) !== 'acquire') return;
      pipeline.watch = async () => undefined;
      await expect(execute(pipeline, runId, slice, request)).rejects.toThrow(`${runId} is busy`);
    };
    const mended = holder.breaks ? breakLake(pipeline, 1) : () => undefined;
    await execute(pipeline, 'h', slice, holder.force ? { force: true } : {});
    mended();
    for (const [name, asked] of marked) await execute(pipeline, name, slice, asked);
    return job;
  };
  deps.follow = async (started) =>
    follow({
      ...started,
      runId:
        pipeline.executions.has(arnOf(started.runId)) && (await deps.getRun('orders', started.runId)) === null
          ? (marked[0]?.[0] ?? '')
          : started.runId,
    });
  const outcomes = await redrive(
    deps,
    (await openOf(bench)).filter(({ id }) => id === 'orders/r1'),
    queues,
  );
  const { ledger } = pipeline.ports;
  return {
    outcomes,
    committed: (await ledger.getSlice('orders', slice))?.committed,
    last: bench.begun.at(-1),
    bench,
    marked: await ledger.getRun('orders', marked[0]?.[0] ?? ''),
  };
}

test.each([
  ['SKIPPED', {}],
  ['FAILED', { force: true, breaks: true }],
] as const)(
  'F32 a forced reload whose slice is held, by a run that ends %s, is done behind it: the marked run was not asked for it',
  async (status, holder) => {
    const { outcomes, committed, last, bench, marked } = await heldAtItsStart(holder);
    const { ledger } = bench.pipeline.ports;
    expect(await ledger.getRun('orders', 'h')).toMatchObject({ status });
    expect(marked).toMatchObject({ status: 'SKIPPED', trigger: 'mark', force: false });
    expect(outcomes).toMatchObject([{ outcome: 'redriven', by: last }]);
    expect(await ledger.getRun('orders', last ?? '')).toMatchObject({
      follows: 'r1',
      force: true,
      status: 'PARTIAL',
    });
    expect(committed).toMatchObject({ runId: last, revision: 2 });
    expect(ids(await openOf(bench))).not.toContain('orders/r1');
  },
);

test('F32 where the run that was marked commits the slice, the failure is closed by that one', async () => {
  const { outcomes, committed, bench, marked } = await heldAtItsStart({
    force: true,
    breaks: true,
    file: 'c.csv',
  });
  expect(marked).toMatchObject({ status: 'PARTIAL', trigger: 'mark' });
  expect(outcomes).toMatchObject([
    { outcome: 'redriven', by: marked?.runId, detail: expect.stringMatching(/committed since/) },
  ]);
  expect(committed).toMatchObject({ runId: marked?.runId, revision: 2 });
  expect(bench.begun).toEqual([]);
});

test('F23 a redrive that is interrupted at any of its steps is finished by the next: one run, and no message goes before its failure is closed', async () => {
  const { table } = await undisturbed('allow');
  const failed = await failedWrite();
  const first = benchOf(await forked(failed));
  await redrive(first.deps, await openOf(first), queues);
  const count = first.writes.length;
  expect(new Set(first.writes)).toEqual(new Set(['lockFailure', 'start', 'closeFailure', 'delete']));
  for (let write = 1; write <= count; write++) {
    for (const when of ['before', 'after'] as const) {
      const bench = benchOf(await forked(failed));
      const { pipeline } = bench;
      bench.interruption = { write, when };
      const selected = await openOf(bench);
      await redriveAll(bench.deps, selected, queues).catch(() => undefined);
      const left = await openOf(bench);
      for (const { id } of left.filter(({ kind }) => kind === 'run')) {
        expect(
          bench.queued.job?.map(({ body }) => JSON.parse(body).id),
          `${when} ${write}`,
        ).toContain(id);
      }
      bench.interruption = null;
      await redrive(bench.deps, selected, queues);
      expect(bench.begun, `${when} ${write}`).toHaveLength(1);
      expect(await assess(pipeline, table)).toBe(bench.begun[0]);
      expect(await openOf(bench)).toEqual([]);
      expect(bench.queued).toEqual({ job: [], write: [], delivery: [] });
    }
  }
}, 120_000);

/** With the messages that wait, too. */
async function forked(pipeline: Pipeline): Promise<Pipeline> {
  const copy = await fork(pipeline);
  copy.dead.push(...pipeline.dead);
  return copy;
}

/** SQS answers that it did not delete: the batch's entries fail one by one. */
function refuseDeletes(bench: Bench, url: string): () => void {
  const { sift } = bench.deps;
  bench.deps.sift = async (at, takes) => {
    if (at !== url) return sift(at, takes);
    for (const each of bench.queued[url] ?? []) await takes(each, async () => undefined);
    throw new Error('1 of 1 messages were not deleted');
  };
  return () => {
    bench.deps.sift = sift;
  };
}

test('what became of each is told though messages could not be taken out, with what went wrong; the next redrive takes them', async () => {
  const bench = benchOf(await failedWrite());
  const target = `${machinePrefix}orders`;
  bench.queued.delivery = [message('d1', {}, { TARGET_ARN: target })];
  const failures = [...(await openOf(bench)), delivery('d1', target)];
  const mend = refuseDeletes(bench, 'job');
  const { outcomes, troubles } = await redriveAll(bench.deps, failures, queues);
  expect(outcomes.map(({ id, outcome, messages }) => [id, outcome, messages]).sort()).toEqual([
    ['d1', 'redriven', 1],
    ['orders/r1', 'redriven', 0],
    ['orders/r1/lake/1', 'redriven', 1],
  ]);
  expect(troubles).toEqual([expect.stringMatching(/^job-dlq: .*1 of 1 messages were not deleted/)]);
  mend();
  expect(await redrive(bench.deps, [], queues)).toEqual([]);
  expect(bench.queued).toEqual({ job: [], write: [], delivery: [] });
  expect(bench.begun).toHaveLength(1);
});

test('a delivery that was taken, but whose message may still be there, says that it is to be discarded', async () => {
  const bench = benchOf(await failedWrite());
  const target = `${machinePrefix}orders`;
  bench.queued.delivery = [message('d1', {}, { TARGET_ARN: target })];
  refuseDeletes(bench, 'delivery');
  const { outcomes, troubles } = await redriveAll(bench.deps, [delivery('d1', target)], queues);
  expect(outcomes).toMatchObject([
    { outcome: 'redriven', messages: 0, detail: expect.stringContaining('forebay dlq discard d1') },
  ]);
  expect(troubles).toHaveLength(1);
});

test('where the failed writes of a redriven run could not be closed, their messages stay until they are', async () => {
  const bench = benchOf(await failedWrite());
  const { closeFailure } = bench.deps;
  bench.deps.closeFailure = async (id, close) => {
    if (id === 'orders/r1/lake/1') throw new Error('the ledger is busy');
    return closeFailure(id, close);
  };
  const failures = await openOf(bench);
  const { outcomes, troubles } = await redriveAll(bench.deps, failures, queues);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['redriven', 'redriven']);
  expect(troubles).toEqual([expect.stringMatching(/^orders\/r1: .*the ledger is busy/)]);
  expect(bench.queued.job).toEqual([]);
  expect(bench.queued.write).toHaveLength(1);
  bench.deps.closeFailure = closeFailure;
  await redrive(bench.deps, failures, queues);
  expect(await openOf(bench)).toEqual([]);
  expect(bench.queued.write).toEqual([]);
});

test('a discard tells what became of each though one could not be closed and messages could not be taken out', async () => {
  const bench = benchOf(await failedWrite());
  const { closeFailure } = bench.deps;
  bench.deps.closeFailure = async (id, close) => {
    if (id === 'orders/r1') throw new Error('the ledger is busy');
    return closeFailure(id, close);
  };
  refuseDeletes(bench, 'write');
  const { outcomes, troubles } = await discardAll(bench.deps, await openOf(bench), queues, 'sent twice');
  expect(outcomes.map(({ id, outcome, messages }) => [id, outcome, messages]).sort()).toEqual([
    ['orders/r1', 'kept', 0],
    ['orders/r1/lake/1', 'discarded', 0],
  ]);
  expect(troubles).toEqual([expect.stringMatching(/^lake-dlq: /)]);
  expect(bench.queued.job).toHaveLength(1);
});

test('a message that a redrive left behind when it was ended goes with the next one', async () => {
  const bench = benchOf(await failedWrite());
  const close = { how: 'redriven' as const, at, by: 'ann', reason: 'run r2' };
  for (const { id } of await openOf(bench)) await bench.pipeline.ports.ledger.closeFailure(id, close);
  await redrive(bench.deps, [], queues);
  expect(bench.queued).toEqual({ job: [], write: [], delivery: [] });
});

test('a failure of a run that is at work, and one whose slice nobody knows, are kept with what to do', async () => {
  const bench = benchOf(await failedWrite());
  const { ledger } = bench.pipeline.ports;
  const [run] = (await openOf(bench)).filter(({ kind }) => kind === 'run');
  const r1 = await ledger.getRun('orders', 'r1');
  if (run === undefined || r1 === null) return expect.fail('r1 did not fail');
  const unknown = { ...run, id: runFailureId('orders', 'r9'), runId: 'r9', slice: '' };
  await ledger.putFailedRun({ ...r1, runId: 'r9', slice: '', fence: 0, revision: 0 }, unknown, []);
  expect(await redrive(bench.deps, [unknown], queues)).toMatchObject([
    { outcome: 'kept', detail: expect.stringContaining('forebay run orders --slice') },
  ]);
  expect(ids(await openOf(bench))).toContain('orders/r9');
  const early = { ...run, id: 'orders/r8/lake/0', kind: 'write' as const, runId: 'r8' };
  expect(await redrive(bench.deps, [early], queues)).toMatchObject([{ outcome: 'kept' }]);
});

const delivery = (id: string, target: string): FailureRecord => ({
  ...{ id, kind: 'delivery', job: 'orders', slice: '', runId: '', attempts: 1, trace: null },
  error: { name: 'NO_PERMISSIONS', message: '' },
  ...{ firstFailedAt: at, lastFailedAt: at, pointer: target },
});

test('a delivery is delivered again to its target and then goes; what is not taken stays', async () => {
  const bench = benchOf(await failedWrite());
  const target = `${machinePrefix}orders`;
  bench.queued.delivery = [
    message('d1', {}, { TARGET_ARN: target }),
    message('d2', {}, { TARGET_ARN: `${target}-broken` }),
    message('d3', {}, { TARGET_ARN: target }),
  ];
  const wanted = [delivery('d1', target), delivery('d2', `${target}-broken`), delivery('gone', target)];
  const outcomes = await redrive(bench.deps, wanted, queues);
  expect(outcomes.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['d1', 'redriven'],
    ['d2', 'failed-again'],
    ['gone', 'kept'],
  ]);
  expect(bench.delivered).toEqual([`d1 ${target}`]);
  expect(bench.queued.delivery.map(({ id }) => id)).toEqual(['d2', 'd3']);
  expect(bench.queued.job).toHaveLength(1);
});

test('discarded failures are closed with who, when and why, and their messages alone are gone', async () => {
  const bench = benchOf(await failedWrite());
  const { ledger } = bench.pipeline.ports;
  bench.queued.delivery = [message('d1', {}), message('d2', {})];
  const [run] = (await openOf(bench)).filter(({ kind }) => kind === 'run');
  if (run === undefined) return expect.fail('r1 did not fail');
  const outcomes = await discard(bench.deps, [run, delivery('d1', 'x')], queues, 'sent twice');
  expect(outcomes.map(({ id, outcome, messages }) => [id, outcome, messages])).toEqual([
    ['orders/r1', 'discarded', 1],
    ['d1', 'discarded', 1],
  ]);
  const closed = { how: 'discarded', at, by: 'ann', reason: 'sent twice' };
  expect((await ledger.getFailure('orders/r1'))?.closed).toEqual(closed);
  expect((await ledger.getFailure('d1'))?.closed).toEqual(closed);
  expect(ids(await openOf(bench))).toEqual(['orders/r1/lake/1']);
  expect(bench.queued.job).toEqual([]);
  expect(bench.queued.write).toHaveLength(1);
  expect(bench.queued.delivery.map(({ id }) => id)).toEqual(['d2']);
});

test('a delivery that was discarded is never delivered: whoever meets its message takes it out', async () => {
  const bench = benchOf(await failedWrite());
  const target = `${machinePrefix}orders`;
  const letter = message('d1', {}, { TARGET_ARN: target });
  // Somebody has the message at hand while it is discarded.
  const first = await discard(bench.deps, [delivery('d1', target)], queues, 'too old');
  expect(first).toMatchObject([
    { outcome: 'kept', messages: 0, detail: expect.stringMatching(/not seen.*try again in two minutes/) },
  ]);
  const { ledger } = bench.pipeline.ports;
  expect((await ledger.getFailure('d1'))?.closed).toMatchObject({ how: 'discarded', reason: 'too old' });
  bench.queued.delivery = [letter, message('d2', {}, { TARGET_ARN: target })];
  expect(await redrive(bench.deps, [delivery('d1', target)], queues)).toMatchObject([
    { outcome: 'closed-before', detail: 'too old', messages: 1 },
  ]);
  expect(bench.delivered).toEqual([]);
  expect(bench.queued.delivery.map(({ id }) => id)).toEqual(['d2']);

  bench.queued.delivery = [letter];
  expect(await planRedrive(bench.deps, [delivery('d1', target)], async () => '')).toMatchObject([
    { outcome: 'close' },
  ]);
  await redrive(bench.deps, [], queues);
  expect(bench.queued.delivery).toEqual([]);
});

test('a discard that ends before the message of a delivery is taken is finished by the next, and its first word stays', async () => {
  const bench = benchOf(await failedWrite());
  bench.queued.delivery = [message('d1', {})];
  bench.interruption = { write: 2, when: 'before' };
  await discardAll(bench.deps, [delivery('d1', 'x')], queues, 'sent twice');
  expect(bench.queued.delivery).toHaveLength(1);
  bench.interruption = null;
  expect(await discard(bench.deps, [delivery('d1', 'x')], queues, 'another word')).toMatchObject([
    { outcome: 'closed-before', detail: 'sent twice', messages: 1 },
  ]);
  expect(bench.queued.delivery).toEqual([]);
  const again = benchOf(bench.pipeline);
  again.queued.delivery = [message('d1', {})];
  await discard(again.deps, [], queues, 'nothing');
  expect(again.queued.delivery).toEqual([]);
});

test('a delivery whose target nobody knows is kept, by a dry run and by a redrive', async () => {
  const bench = benchOf(await failedWrite());
  bench.queued.delivery = [message('d1', {}, { TARGET_ARN: 'x' })];
  expect(await plannedAndDone(bench, [delivery('d1', 'x')])).toEqual(['keep']);
  expect(bench.queued.delivery).toHaveLength(1);
});

test('what is being redriven is not discarded', async () => {
  const bench = benchOf(await failedWrite());
  const { ledger } = bench.pipeline.ports;
  const [run] = (await openOf(bench)).filter(({ kind }) => kind === 'run');
  if (run === undefined) return expect.fail('r1 did not fail');
  const taken = await ledger.lockFailure(run, { runId: 'd1', executionArn: arnOf('d1'), by: 'bob', at });
  bench.pipeline.executions.set(arnOf('d1'), { status: 'RUNNING', stoppedAt: null });
  expect(await discard(bench.deps, taken === null ? [] : [taken], queues, 'x')).toMatchObject([
    { outcome: 'refused', messages: 0 },
  ]);
  expect(bench.queued.job).toHaveLength(1);
});

/** What a dry run says of each, and what a redrive then does. */
const sameAs: Record<string, string> = {
  ...{ resume: 'redriven', 'run-whole': 'redriven', close: 'closed-before', keep: 'kept', refuse: 'refused' },
};

async function plannedAndDone(bench: Bench, failures: readonly FailureRecord[]): Promise<string[]> {
  const { version } = versionOf(bench.pipeline.job);
  const planned = await planRedrive(bench.deps, failures, async () => version);
  expect(bench.writes).toEqual([]);
  const done = await redrive(bench.deps, failures, queues);
  expect(planned.map(({ id, outcome }) => [id, sameAs[outcome]])).toEqual(
    done.map(({ id, outcome }) => [id, outcome]),
  );
  return planned.map(({ outcome }) => outcome);
}

test('a dry run says what would be done, and does nothing', async () => {
  const bench = benchOf(await failedWrite());
  const { version } = versionOf(bench.pipeline.job);
  const failures = [...(await openOf(bench)), delivery('d1', `${machinePrefix}orders`), delivery('d2', 'x')];
  const plan = async (of: string) =>
    (await planRedrive(bench.deps, failures, async () => of)).map(({ id, outcome }) => [id, outcome]);
  const deliveries = [
    ['d1', 'deliver'],
    ['d2', 'keep'],
  ];
  expect((await plan(version)).sort()).toEqual(
    [...deliveries, ['orders/r1', 'resume'], ['orders/r1/lake/1', 'resume']].sort(),
  );
  expect((await plan('another')).filter(([id]) => id === 'orders/r1')).toEqual([['orders/r1', 'run-whole']]);
  await execute(bench.pipeline, 'r2', slice);
  expect((await plan(version)).filter(([id]) => id === 'orders/r1')).toEqual([['orders/r1', 'close']]);
  expect(bench.writes).toEqual([]);
});

test('a dry run and a redrive agree: of an open run, of an open write of a run that went well, and of a redrive that nobody has closed yet', async () => {
  const open = benchOf(await failedWrite());
  expect(await plannedAndDone(open, await openOf(open))).toEqual(['resume', 'resume']);

  const well = benchOf(await failedWrite());
  const [write] = (await openOf(well)).filter(({ kind }) => kind === 'write');
  if (write === undefined) return expect.fail('no write failed');
  await execute(well.pipeline, 'r2', slice);
  const late = { ...write, id: 'orders/r2/lake/0', runId: 'r2' };
  await well.pipeline.ports.ledger.putFailure(late);
  expect(await plannedAndDone(well, [late])).toEqual(['close']);

  const ended = benchOf(await failedWrite());
  const { ledger } = ended.pipeline.ports;
  const [run] = (await openOf(ended)).filter(({ kind }) => kind === 'run');
  const r1 = await ledger.getRun('orders', 'r1');
  if (run === undefined || r1 === null) return expect.fail('r1 did not fail');
  await ledger.lockFailure(run, { runId: 'd9', executionArn: arnOf('d9'), by: 'bob', at });
  ended.pipeline.executions.set(arnOf('d9'), { status: 'ENDED', stoppedAt: at });
  await ledger.acquire(await ledger.getSlice('orders', slice), {
    ...r1,
    runId: 'd9',
    executionArn: arnOf('d9'),
  });
  expect(await plannedAndDone(ended, [run])).toEqual(['keep']);
});

test('a dry run says why a run is done whole, by the reasons of the run itself, and what it cannot find out', async () => {
  const bench = benchOf(await failedWrite());
  const failures = (await openOf(bench)).filter(({ kind }) => kind === 'run');
  expect(await planRedrive(bench.deps, failures, async () => 'another')).toMatchObject([
    { outcome: 'run-whole', detail: 'the job was deployed in another version since' },
  ]);
  const gone = async () => Promise.reject(new Error('no stack'));
  expect(await planRedrive(bench.deps, failures, gone)).toMatchObject([
    { outcome: 'keep', detail: expect.stringContaining('no stack') },
  ]);
  const inDoubt = {
    ...bench.deps,
    getRun: async (job: string, runId: string) => {
      const run = await bench.deps.getRun(job, runId);
      return run && { ...run, error: { name: 'CountMismatch', message: '' } };
    },
  };
  const { version } = versionOf(bench.pipeline.job);
  expect(await planRedrive(inDoubt, failures, async () => version)).toMatchObject([
    { outcome: 'run-whole', detail: 'what that run finished is itself in doubt' },
  ]);
});
