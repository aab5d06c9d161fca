/** Messages, triggers and writers that come twice, late or together. */
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { partitionPrefix } from '../../../core/storage.ts';
import {
  call,
  expectFailed,
  expectLoaded,
  type FaultRuns,
  fileOf,
  gate,
  job,
} from '../../support/fault-runs.ts';
import { until } from '../../support/until.ts';

/** No writer gets a message of the write queue while `work` goes on. */
async function silenced<T>({ cloud, writeQueue }: FaultRuns, work: () => Promise<T>): Promise<T> {
  const { lambda } = cloud.clients;
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  const queue = writeQueue.split('/').at(-1) ?? '';
  const mapping = EventSourceMappings.find(({ EventSourceArn = '' }) => EventSourceArn.endsWith(`:${queue}`));
  const deliver = (Enabled: boolean) =>
    lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping?.UUID, Enabled }));
  await deliver(false);
  try {
    return await work();
  } finally {
    await deliver(true);
  }
}

/** Takes messages off the queue: what was sent while no writer listened. */
async function take({ cloud, writeQueue }: FaultRuns, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  await until(`${count} messages`, async () => {
    const { Messages = [] } = await cloud.clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: writeQueue, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages)
      await cloud.clients.sqs.send(new DeleteMessageCommand({ QueueUrl: writeQueue, ReceiptHandle }));
    taken.push(...Messages);
    return taken.length >= count;
  });
  return taken;
}

const send = async ({ cloud, writeQueue }: FaultRuns, { Body }: Message): Promise<void> => {
  await cloud.clients.sqs.send(new SendMessageCommand({ QueueUrl: writeQueue, MessageBody: Body }));
};

const parts = (runs: FaultRuns, { slice, runId }: { slice: string; runId: string }) =>
  runs.versions('LakeBucket', partitionPrefix(job, slice, runId));

export function duplicates(runs: () => FaultRuns): void {
  const names = ['ada', 'bob', 'cyd'];

  describe('write messages', () => {
    test('F06 F23 each sent twice, under new ids, write each part once more, the same to the byte', async () => {
      const slice = runs().slice();
      await runs().deliver(slice, 'a.csv', fileOf(names));
      const { started, messages } = await silenced(runs(), async () => {
        const started = await runs().start(slice);
        const messages = await take(runs(), names.length);
        for (const message of [...messages, ...messages.toReversed()]) await send(runs(), message);
        return { started, messages };
      });
      await expectLoaded(runs(), await runs().ended(started), names);
      await until('all are acknowledged', async () => (await runs().waiting()) === 0);
      const written = await parts(runs(), started);
      expect(new Set(written.map(({ key }) => key)).size).toBe(names.length);
      // As many contents as keys: versions of one key do not differ.
      expect(new Set(written.map(({ key, etag }) => `${key} ${etag}`)).size).toBe(names.length);

      // F22: and once more behind the run's end.
      const before = [written, await runs().ledger.listSinks(started.runId, 'lake')];
      for (const message of messages) await send(runs(), message);
      await until('all are acknowledged', async () => (await runs().waiting()) === 0);
      expect([await parts(runs(), started), await runs().ledger.listSinks(started.runId, 'lake')]).toEqual(
        before,
      );
      expect(await runs().ledger.listFailures({ job })).toEqual(
        expect.not.arrayContaining([expect.objectContaining({ runId: started.runId })]),
      );
    });

    test('F18 a message that comes again while its writer still works has two writers and one result', async () => {
      let copies = 0;
      const late = gate();
      const rule = runs().cloud.proxy.on(
        call('CopyObject', '/part-00000'),
        {
          before: async () => {
            if (++copies > 1) late.open();
            await late.wait();
            return undefined;
          },
        },
        2,
      );
      const { started, run } = await runs().load(runs().slice(), names);
      expect(rule.calls.length).toBe(2);
      await expectLoaded(runs(), run, names);
      await until('all are acknowledged', async () => (await runs().waiting()) === 0);
      const twice = (await parts(runs(), started)).filter(({ key }) => key.endsWith('/part-00000.parquet'));
      expect(twice.length).toBe(2);
      expect(new Set(twice.map(({ etag }) => etag)).size).toBe(1);
    });

    test('F04 F22 of a run that ended half-way through sending do nothing; the next run sends all of its own', async () => {
      const slice = runs().slice();
      const held = gate();
      const rule = runs().cloud.proxy.on(call('PutObject', '/batches/2'), {
        before: async () => void (await held.wait()),
      });
      await runs().deliver(slice, 'a.csv', fileOf(names));
      const { first, second } = await silenced(runs(), async () => {
        const first = await runs().start(slice);
        await until('half is sent', async () => (await runs().waiting()) >= 2 && rule.calls.length >= 1);
        await runs().stop(first);
        const failed = await until('its run is closed', async () => {
          const run = await runs().ledger.getRun(job, first.runId);
          return run?.status === 'FAILED' && run;
        });
        await expectFailed(runs(), failed, 'ExecutionEnded');
        rule.end();
        held.open();
        const second = await runs().start(slice);
        await until('the next run sends', async () => (await runs().waiting()) >= 2 + names.length);
        return { first, second };
      });
      await expectLoaded(runs(), await runs().ended(second), names);
      await until('all are acknowledged', async () => (await runs().waiting()) === 0);
      expect(await parts(runs(), first)).toEqual([]);
    });
  });

  test('F17 a slice that is loaded is not loaded again, unless a file is new, or changed, or it is forced', async () => {
    const slice = runs().slice();
    const { run } = await runs().load(slice, names);
    await expectLoaded(runs(), run, names);
    const outcome = async (request = {}) => {
      const { status, revision } = await runs().ended(await runs().start(slice, request));
      return [status, revision];
    };
    expect((await outcome())[0]).toBe('SKIPPED');
    expect(await runs().partition(slice)).toBe(run.runId);
    expect(await outcome({ force: true })).toEqual(['COMPLETED', 2]);
    await runs().deliver(slice, 'b.csv', fileOf(['dot']));
    expect(await outcome()).toEqual(['COMPLETED', 3]);
    await runs().deliver(slice, 'b.csv', fileOf(['eve']));
    expect(await outcome()).toEqual(['COMPLETED', 4]);
    expect((await outcome())[0]).toBe('SKIPPED');
    expect(await runs().names(slice)).toEqual([...names, 'eve']);
  });

  test('F32 of two runs of one slice one holds; the trigger of the other is not forgotten', async () => {
    const slice = runs().slice();
    const held = gate();
    runs().cloud.proxy.on(
      call('PutObject', '/batches/'),
      { before: async () => void (await held.wait()) },
      1,
    );
    await runs().deliver(slice, 'a.csv', fileOf(['ada']));
    const [one, two] = await Promise.all([runs().start(slice), runs().start(slice)]);
    const { holder, mark } = await until('one holds, the other has left its mark', async () => {
      const record = await runs().ledger.getSlice(job, slice);
      return record?.mark && record;
    });
    expect([one.runId, two.runId]).toContain(holder?.runId);
    // It came behind the holder's listing: without the second trigger nobody would load it.
    await runs().deliver(slice, 'b.csv', fileOf(['bob']));
    held.open();
    const third = { runId: mark?.runId ?? '', slice, arn: one.arn.replace(one.runId, mark?.runId ?? '') };
    const first = await until('the holder is closed', async () => {
      const run = await runs().ledger.getRun(job, holder?.runId ?? '');
      return run?.status === 'COMPLETED' && run;
    });
    expect([first.revision, first.counts?.written]).toEqual([1, 1]);
    await until('the marked run is there', () => runs().ledger.getRun(job, third.runId));
    const last = await runs().ended(third);
    expect([last.revision, last.trigger]).toEqual([2, 'mark']);
    await expectLoaded(runs(), last, ['ada', 'bob']);
    const all = [one, two].filter(({ runId }) => runId !== holder?.runId);
    expect(await runs().ledger.getRun(job, all[0]?.runId ?? '')).toBeNull();
  });
}
