import { expect, test } from 'vitest';
import { recordFormat } from '../../../core/formats/format.ts';
import { dialect, plain } from './support.ts';

test('records are located by number, without their line ends, in shards larger than one look', () => {
  const lines = Array.from({ length: 30_000 }, (_, n) => `${n},"${'x\n'.repeat(n % 5)}"`);
  const shard = Buffer.from(lines.join('\r\n'));
  const wanted = [0, 1, 4_999, 15_000, 29_999];
  const found = recordFormat(plain).locate(shard, wanted);
  expect(found.map(({ offset, length }) => shard.toString('utf8', offset, offset + length))).toEqual(
    wanted.map((n) => lines[n]),
  );
});

test('comments and blank lines have no number', () => {
  const shard = Buffer.from('#x\n\na\n#y\nb');
  expect(recordFormat(dialect({ comment: '#' })).locate(shard, [0, 1])).toEqual([
    { offset: 4, length: 1 },
    { offset: 9, length: 1 },
  ]);
});

test('a record that is not there means that two readings differ', () => {
  expect(() => recordFormat(plain).locate(Buffer.from('a\nb\n'), [2])).toThrow(
    /^CountMismatch: .* no record 2 /,
  );
});
