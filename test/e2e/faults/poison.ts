/** Shards, objects and files that cannot be loaded. Nothing of their run is published, and it says why. */
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { stackOutputs } from '../../../aws/cloudformation.ts';
import { jobStackName } from '../../../core/outputs.ts';
import { batchKey, partitionPrefix } from '../../../core/storage.ts';
import {
  call,
  expectFailed,
  expectLoaded,
  type FaultRuns,
  fileOf,
  inTurn,
  job,
  line,
} from '../../support/fault-runs.ts';
import { type Call, s3Error } from '../../support/proxy.ts';
import { until } from '../../support/until.ts';

const ten = ['ada', 'bob', 'cyd', 'dot', 'eve', 'fay', 'gil', 'hal', 'ida', 'jon'];
const denied = { before: async () => s3Error(403, 'AccessDenied') };

interface GivenUp {
  shard: { n: number };
  run: { runId: string };
}

/** Reads the messages that were given up, of a run. */
function dlqReader(runs: () => FaultRuns): (runId: string) => Promise<GivenUp[]> {
  const found = new Map<string, GivenUp>();
  return inTurn(async (runId: string) => {
    const { clients } = runs().cloud;
    const outputs = await stackOutputs(clients.cloudformation, jobStackName('local', job));
    const receive = { QueueUrl: outputs?.LakeDlqUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 5 };
    await until('the DLQ is read', async () => {
      const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand(receive));
      for (const { MessageId = '', Body = '{}' } of Messages) found.set(MessageId, JSON.parse(Body));
      return Messages.length === 0;
    });
    return [...found.values()].filter(({ run }) => run.runId === runId);
  });
}

/** Copies into the lake of a slice. */
const at =
  (slice: string, part = '') =>
  (made: Call): boolean =>
    made.action === 'CopyObject' && made.path.includes(slice) && made.path.includes(part);

export function poison(runs: () => FaultRuns): void {
  describe('what cannot be loaded', () => poisoned(runs));
}

function poisoned(runs: () => FaultRuns): void {
  const givenUp = dlqReader(runs);

  test('F38 of ten shards one that cannot be written keeps nine, publishes none, and is in the DLQ with its cause', async () => {
    const slice = runs().slice();
    const rule = runs().cloud.proxy.on(at(slice, '/part-00003'), denied);
    const { started, run } = await runs().load(slice, ten);
    // As often as the queue gives it out.
    expect(rule.calls.length).toBe(5);
    await expectFailed(runs(), run, 'AccessDenied');
    expect(await runs().partition(slice)).toBeNull();
    const sinks = await runs().ledger.listSinks(started.runId, 'lake');
    expect(sinks.map(({ n, status, rows }) => [n, status, rows])).toEqual(
      ten.map((_, n) => (n === 3 ? [n, 'failed', null] : [n, 'done', 1])),
    );
    const kept = await runs().versions('LakeBucket', partitionPrefix(job, slice, started.runId));
    // By their keys: a slow writer's message comes again, and its part is there twice, the same to the byte.
    expect(new Set(kept.map(({ key }) => key)).size).toBe(9);
    expect(new Set(kept.map(({ key, etag }) => `${key} ${etag}`)).size).toBe(9);
    const failures = (await runs().ledger.listFailures({ job })).filter(
      ({ runId }) => runId === started.runId,
    );
    expect(failures).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'write', shard: 3, sink: 'lake', attempts: 5 }),
        expect.objectContaining({ kind: 'run' }),
      ]),
    );
    expect(failures.length).toBe(2);
    await until('it is in the DLQ', async () => (await runs().waiting()) === 0);
    expect((await givenUp(started.runId)).map(({ shard }) => shard.n)).toEqual([3]);
  });

  test('F39 with all shards bad nothing is committed', async () => {
    const slice = runs().slice();
    runs().cloud.proxy.on(at(slice), denied);
    const { started, run } = await runs().load(slice, ['ada', 'bob', 'cyd']);
    await expectFailed(runs(), run, 'AccessDenied');
    expect(await runs().partition(slice)).toBeNull();
    expect(await runs().versions('LakeBucket', partitionPrefix(job, slice, started.runId))).toEqual([]);
    await until('all are in the DLQ', async () => (await runs().waiting()) === 0);
    const shards = (await givenUp(started.runId)).map(({ shard }) => shard.n).sort();
    expect(shards).toEqual([0, 1, 2]);
  });

  test('F38 a batch that is another one when the writer reads it is never published', async () => {
    const slice = runs().slice();
    const { clients, outputs, proxy } = runs().cloud;
    proxy.on(at(slice, '/part-00001'), {
      before: async ({ path }) => {
        const runId = /run=([^/]+)\//.exec(decodeURIComponent(path))?.[1] ?? '';
        const Body = Buffer.from('PAR1, and not what Envelope wrote');
        const target = { Bucket: outputs.OpsBucket, Key: batchKey(job, runId, 1) };
        await clients.s3.send(new PutObjectCommand({ ...target, Body }));
        return undefined;
      },
    });
    const { started, run } = await runs().load(slice, ['ada', 'bob', 'cyd']);
    await expectFailed(runs(), run, 'ChecksumMismatch');
    expect(await runs().partition(slice)).toBeNull();
    expect((await runs().ledger.listSinks(started.runId, 'lake')).map(({ status }) => status)).toEqual([
      'done',
      'failed',
      'done',
    ]);
  });

  describe('F16 an object that', () => {
    test.each(['is replaced', 'is gone'])(
      '%s between listing and reading fails the run, and the next one loads what is there',
      async (what) => {
        const slice = runs().slice();
        const { clients, outputs, proxy } = runs().cloud;
        const target = { Bucket: outputs.InboxBucket, Key: `${job}/${slice}/b.csv` };
        await runs().deliver(slice, 'b.csv', fileOf(['old']));
        const rule = proxy.on(
          call('GetObject', `/${slice}/b.csv`),
          {
            before: async () => {
              if (what === 'is gone') await clients.s3.send(new DeleteObjectCommand(target));
              else await clients.s3.send(new PutObjectCommand({ ...target, Body: fileOf(['new']) }));
              return undefined;
            },
          },
          1,
        );
        const { run } = await runs().load(slice, ['ada']);
        expect(rule.calls.length).toBe(1);
        await expectFailed(runs(), run, 'SourceChanged');
        const raw = await runs().versions('RawBucket', `raw/${job}/slice=${slice}/run=${run.runId}/`);
        expect(raw.map(({ key }) => key.split('/').at(-1))).toEqual(['a.csv']);
        const next = await runs().ended(await runs().start(slice));
        await expectLoaded(runs(), next, what === 'is gone' ? ['ada'] : ['ada', 'new']);
      },
    );
  });

  test('F43 more rejects than the job allows publish nothing, and are listed', async () => {
    const slice = runs().slice();
    const bad = ['bob', 'cyd'].map((name) => line(name, 'x'));
    await runs().deliver(slice, 'a.csv', ['name,n', line('ada'), ...bad, ''].join('\n'));
    const run = await runs().ended(await runs().start(slice));
    await expectFailed(runs(), run, 'RejectThresholdExceeded');
    expect(await runs().partition(slice)).toBeNull();
    const listed = await runs().versions('OpsBucket', `rejects/${job}/${run.runId}/`);
    expect(listed.map(({ key }) => key.split('/').at(-1))).toEqual(['1.ndjson', '2.ndjson']);
    const shards = await runs().ledger.listShards(run.runId);
    expect(shards.map(({ rejectsByCode }) => rejectsByCode)).toEqual([
      {},
      { CastFailed: 1 },
      { CastFailed: 1 },
    ]);
  });
}
