import { afterEach, expect, test } from 'vitest';
import { configOf, stages } from '../../infra/config.ts';

afterEach(() => {
  delete stages.kept;
});

test('shards of the local stage are cut as finely as somebody asks, and all else stays as it is', () => {
  expect(configOf('local', '940')).toEqual({ ...stages.local, shardBytes: 940 });
  expect(configOf('local')).toEqual(stages.local);
});

test.each(['0', '-1', '1.5', 'small', ''])("'%s' is no size of a shard", (text) => {
  expect(() => configOf('local', text)).toThrow(
    `shardBytes is '${text}': give a whole number of bytes from 1`,
  );
});

test('where data is kept, the size is what the file says, and nothing from outside', () => {
  const local = stages.local ?? expect.fail('there is no local stage');
  stages.kept = { ...local, stage: 'kept', disposable: false };
  expect(() => configOf('kept', '940')).toThrow('set its shardBytes in infra/config.ts');
  expect(configOf('kept').shardBytes).toBe(local.shardBytes);
});
