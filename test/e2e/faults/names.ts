/** Names of objects, slices and keys that are not what a path or a message expects. */

import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { describe, expect, test } from 'vitest';
import { manifestSchema } from '../../../core/manifest.ts';
import { eventProblems } from '../../support/events.ts';
import { expectFailed, expectLoaded, type FaultRuns, fileOf, job } from '../../support/fault-runs.ts';

// No line feed: the local cloud's policies do not match one, and a function could not read the object.
const odd = [
  '../up.csv',
  '../../../lake/people/v1/up.csv',
  './here.csv',
  'sub/folder.csv',
  '//two.csv',
  'slice=2026-01-01',
  'a b+c%2Fd.csv',
  'é e\u0301 😀 \uff5e.csv',
  'quotes \'"`.csv',
  '?x-id=DeleteObject&versionId=1#hash',
  '<&>]]>.csv',
  'carriage\rtab\t.csv',
  'control\u0001\u001f\u007f.csv',
  '*?[a-z]{1,2}',
  '\\back\\slash',
];

const manifestOf = async ({ cloud }: FaultRuns, key: string) => {
  const { Body } = await cloud.clients.s3.send(
    new GetObjectCommand({ Bucket: cloud.outputs.OpsBucket, Key: key }),
  );
  return manifestSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''));
};

export function oddNames(runs: () => FaultRuns): void {
  describe('a name', () => names(runs));
}

function names(runs: () => FaultRuns): void {
  test('F27 F41 objects of any name are loaded, and each stays below its prefix', async () => {
    const slice = runs().slice();
    const names = odd.map((_, i) => `n${i}`);
    for (const [i, name] of odd.entries()) await runs().deliver(slice, name, fileOf([`n${i}`]));
    const run = await runs().ended(await runs().start(slice));
    await expectLoaded(runs(), run, names);
    const prefix = `raw/${job}/slice=${slice}/run=${run.runId}/`;
    const { raw } = await manifestOf(runs(), run.manifest?.key ?? '');
    // What the source has is told as it is; our own key has one more part, without an escape of any kind.
    expect(raw.map(({ source }) => source.key).sort()).toEqual(
      odd.map((name) => `${job}/${slice}/${name}`).sort(),
    );
    for (const { key } of raw) {
      expect(key.startsWith(prefix)).toBe(true);
      expect(key.slice(prefix.length)).toMatch(/^[A-Za-z0-9._~!*()%-]+$/);
    }
    expect(new Set(raw.map(({ key }) => key)).size).toBe(odd.length);
    const stored = await runs().versions('RawBucket', '');
    expect(
      stored.filter(({ key }) => key.includes(run.runId)).every(({ key }) => key.startsWith(prefix)),
    ).toBe(true);
  });

  // raw/people/slice=2026-01-01/run=run-<36>/ has 73 bytes, and each é becomes %C3%A9.
  const longest = `${'é'.repeat(158)}abc`;

  test('F26 a name whose key has just the 1,024 bytes that S3 takes is loaded', async () => {
    const slice = runs().slice();
    await runs().deliver(slice, longest, fileOf(['ada']));
    const started = await runs().start(slice);
    const run = await runs().ended(started);
    await expectLoaded(runs(), run, ['ada']);
    const [raw] = await runs().versions('RawBucket', `raw/${job}/slice=${slice}/`);
    expect(Buffer.byteLength(raw?.key ?? '')).toBe(1_024);
    // F25: what travels of it are references.
    const { events = [] } = await runs().cloud.clients.sfn.send(
      new GetExecutionHistoryCommand({ executionArn: started.arn, maxResults: 1_000 }),
    );
    const states = events.map((event) => event.stateExitedEventDetails?.output ?? '');
    expect(Math.max(...states.map((text) => Buffer.byteLength(text)))).toBeLessThan(20_000);
  });

  test('F26 F27 one byte more fails the run, told in bytes, and in characters that any message takes', async () => {
    const slice = runs().slice();
    await runs().deliver(slice, `\u0001\u001f${longest}`, fileOf(['ada']));
    const run = await runs().ended(await runs().start(slice));
    await expectFailed(runs(), run, 'ObjectNameInvalid');
    const [event] = await runs().events(run.runId);
    expect(eventProblems('JobFailed', event?.detail)).toEqual([]);
    const [letter] = await runs().deadLetters(run.runId);
    for (const text of [run.error?.message, letter?.error.message]) {
      expect(text).toContain(`1030 bytes, S3 allows 1024`);
      expect(text).toContain('é');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    }
  });

  test('F41 what is no slice is no partition: each run fails, and nothing is stored under it', async () => {
    const slices = ['', '..', '../2026-01-01', '2026-01-01/', 'slice=2026-01-01', '2026-01-0\uff11', null];
    const started = await Promise.all(slices.map((slice) => runs().start(slice as string)));
    for (const each of started) {
      const run = await runs().ended(each);
      expect(run, `${each.slice}`).toMatchObject({ status: 'FAILED', error: { name: 'SliceInvalid' } });
      expect((await runs().events(run.runId)).map((event) => event['detail-type'])).toEqual(['JobFailed']);
    }
    const known = (await runs().ledger.listSlices(job)).map(({ slice }) => slice);
    expect(known.filter((slice) => !/^2026-\d\d-\d\d$/.test(slice))).toEqual([]);
    for (const bucket of ['RawBucket', 'LakeBucket', 'OpsBucket'] as const) {
      const keys = (await runs().versions(bucket, '')).map(({ key }) => key);
      expect(keys.filter((key) => started.some(({ runId }) => key.includes(runId)))).toEqual([]);
    }
  });

  test('F42 keys that differ in Unicode form only are two records, in one shard and in two', async () => {
    const slice = runs().slice();
    const [composed, decomposed] = ['\u00e9', 'e\u0301'];
    const { run } = await runs().load(slice, [composed, decomposed]);
    await expectLoaded(runs(), run, [composed, decomposed]);
    expect((await runs().names(slice)).map((name) => [...name].length).sort()).toEqual([1, 2]);
  });
}
