/** Failures on the deployed app, and what the commands do about them: by the real CLI, functions, queues and machine. */
import { SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import type { DeadLetters } from '../../../cli/failures/dead-letters.ts';
import { type FailureRecord, redeliveredRunId } from '../../../core/failure.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import { expectLoaded, type FaultRuns, fileOf, gate, job, visibility } from '../../support/fault-runs.ts';
import { type Call, s3Error } from '../../support/proxy.ts';
import { until } from '../../support/until.ts';

const names = ['ada', 'bob', 'cyd', 'dot'];
const copies =
  (slice: string, part = '') =>
  (made: Call): boolean =>
    made.action === 'CopyObject' && made.path.includes(slice) && made.path.includes(part);

export function redrives(given: () => FaultRuns): void {
  const keepMessagesFor = (seconds: number) =>
    given().cloud.clients.sqs.send(
      new SetQueueAttributesCommand({
        QueueUrl: given().writeQueue,
        Attributes: { VisibilityTimeout: String(seconds) },
      }),
    );

  /** Those of the test, as `dlq list` has them: the tests before leave theirs. */
  async function listed(
    mine: (failure: FailureRecord) => boolean,
    ...args: string[]
  ): Promise<DeadLetters['failures']> {
    const { failures } = await given().cloud.json<DeadLetters>('dlq', 'list', ...args);
    return failures.filter(mine);
  }

  test('F07 F36 F38 one of four shards cannot be written: behind the fix a redrive does that one, once, and reads nothing again', async () => {
    const runs = given();
    const { cloud } = runs;
    const { proxy, outputs } = cloud;
    const slice = runs.slice();
    const mine = (failure: FailureRecord) => failure.slice === slice;
    const rule = proxy.on(copies(slice, '/part-00002'), { before: async () => s3Error(403, 'AccessDenied') });
    const { run } = await runs.load(slice, names);
    expect(run).toMatchObject({ status: 'FAILED', error: { name: 'AccessDenied' } });
    const id = `${job}/${run.runId}`;
    await until('both messages wait', async () => {
      const failures = await listed(mine, job);
      expect(failures.map((failure) => failure.id).sort()).toEqual([id, `${id}/lake/2`]);
      return failures.every(({ seen }) => seen);
    });
    rule.end();
    // A writer that is held at the gate keeps its message for as long.
    await keepMessagesFor(120);
    proxy.calls.length = 0;
    const held = gate();
    const waiting = proxy.on(
      copies(slice, '/part-00002'),
      { before: async () => void (await held.wait()) },
      1,
    );
    const first = cloud.forebay('--json', 'dlq', 'redrive', id);
    await until('it is at its last shard', async () => waiting.calls.length === 1);
    const second = await cloud.forebay('--json', 'dlq', 'redrive', id);
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toMatchObject([{ id, outcome: 'refused' }]);
    held.open();
    const done = await first;
    expect({ code: done.code, stderr: done.code === 0 ? '' : done.stderr }).toEqual({ code: 0, stderr: '' });
    const [redriven] = JSON.parse(done.stdout) as Array<{ outcome: string; by: string; messages: number }>;
    expect(redriven).toMatchObject({ outcome: 'redriven', messages: 1 });
    const again = await runs.ledger.getRun(job, redriven?.by ?? '');
    expect(again).toMatchObject({ status: 'COMPLETED', trigger: 'redrive', resumes: run.runId });
    expect(await runs.names(slice)).toEqual(names);
    const asked = (bucket: string) =>
      proxy.calls.filter(({ action, path }) => action === 'GetObject' && path.startsWith(`/${bucket}/`));
    expect(asked(outputs.InboxBucket)).toEqual([]);
    expect(asked(outputs.RawBucket)).toEqual([]);
    const report = await cloud.json<{ shards: object; follows: object }>('runs', 'show', redriven?.by ?? '');
    expect(report).toMatchObject({
      shards: { total: 4, written: 4, takenOver: 4 },
      follows: { runId: run.runId, whole: null },
    });
    expect(await listed(mine, job)).toEqual([]);
    const closed = (await listed(mine, job, '--all')).map((failure) => [
      failure.id,
      failure.closed?.how,
      failure.seen,
    ]);
    expect(closed.sort()).toEqual([
      [id, 'redriven', false],
      [`${id}/lake/2`, 'redriven', false],
    ]);
    const raw = await runs.versions('RawBucket', `raw/${job}/slice=${slice}/`);
    expect(raw.map(({ key }) => key.includes(`run=${run.runId}/`))).toEqual([true]);
    await keepMessagesFor(visibility);
  });

  test('what was not delivered is delivered again, once, or discarded with who and why', async () => {
    const runs = given();
    const { cloud } = runs;
    const slice = runs.slice();
    await runs.deliver(slice, 'a.csv', fileOf(names));
    const target = `${cloud.outputs.StateMachineArnPrefix}${job}`;
    const send = async () => {
      const attributes = { TARGET_ARN: target, ERROR_CODE: 'NO_PERMISSIONS', ERROR_MESSAGE: 'not allowed' };
      const { MessageId = '' } = await cloud.clients.sqs.send(
        new SendMessageCommand({
          QueueUrl: cloud.outputs.DeliveryDlqUrl,
          MessageBody: JSON.stringify({ trigger: 'manual', slice }),
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([key, StringValue]) => [
              key,
              { DataType: 'String', StringValue },
            ]),
          ),
        }),
      );
      return MessageId;
    };
    const [one, two] = [await send(), await send()];
    const mine = ({ id }: FailureRecord) => id === one || id === two;
    const failures = await listed(mine, job, '--kind', 'delivery');
    expect(failures.map(({ id, pointer, error }) => [id, pointer, error.name]).sort()).toEqual(
      [one, two].map((id) => [id, target, 'NO_PERMISSIONS']).sort(),
    );
    const redriven = await cloud.json<Array<{ outcome: string }>>('dlq', 'redrive', one);
    expect(redriven).toMatchObject([{ id: one, outcome: 'redriven', messages: 1 }]);
    const runId = redeliveredRunId(one);
    const arn = `${target.replace(':stateMachine:', ':execution:')}:${runId}`;
    await expectLoaded(runs, await runs.ended({ runId, arn, slice }), names);
    const discarded = await cloud.json<object[]>(...['dlq', 'discard', two, '--reason', 'sent twice']);
    expect(discarded).toMatchObject([{ id: two, outcome: 'discarded', messages: 1 }]);
    expect(await listed(mine, job)).toEqual([]);
    const all = await listed(mine, '--all', '--kind', 'delivery');
    expect(all).toMatchObject([{ id: two, closed: { how: 'discarded', reason: 'sent twice' } }]);
    expect(all[0]?.closed?.by).toMatch(/^arn:aws:/);
  });

  test('F35 a run that is cancelled half-way ends with who cancelled it, shows nothing, and leaves the slice free', async () => {
    const runs = given();
    const { cloud } = runs;
    const slice = runs.slice();
    const held = gate();
    const rule = cloud.proxy.on(copies(slice), { before: async () => void (await held.wait()) });
    await runs.deliver(slice, 'a.csv', fileOf(names));
    const started = await runs.start(slice);
    await until('its writers are at work', async () => rule.calls.length > 0);
    const { run, cancelled } = await cloud.json<{ run: RunRecord; cancelled: boolean }>(
      ...(['runs', 'cancel', started.runId] as const),
    );
    expect({ cancelled, status: run.status, error: run.error?.name }).toEqual({
      ...{ cancelled: true, status: 'FAILED', error: 'Cancelled' },
    });
    held.open();
    rule.end();
    expect((await runs.ledger.getSlice(job, slice))?.holder).toBeNull();
    expect(await runs.partition(slice)).toBeNull();
    const retried = await cloud.json<{ run: RunRecord; outcome: string }>('runs', 'retry', started.runId);
    expect(retried).toMatchObject({
      outcome: 'redriven',
      run: { status: 'COMPLETED', resumes: started.runId },
    });
    expect(await runs.names(slice)).toEqual(names);
    const refused = await cloud.forebay('runs', 'cancel', started.runId);
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('is FAILED')]);
  });
}
