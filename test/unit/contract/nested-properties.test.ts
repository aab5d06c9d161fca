/** Random values of random nested types come back as they were written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { castNestedAll } from '../../support/duck.ts';
import { nested } from '../../support/nested-values.ts';

test('values of nested types come back as they were written', async () => {
  const some = nested(4).chain((kind) =>
    fc.array(kind.values, { minLength: 1, maxLength: 12 }).map((values) => ({ word: kind.word, values })),
  );
  await fc.assert(
    fc.asyncProperty(some, async ({ word, values }) => {
      const cast = await castNestedAll(
        word,
        values.map(({ json }) => json),
      );
      expect(cast).toEqual(values.map(({ is }) => ({ value: is })));
    }),
    { numRuns: 100 },
  );
});

/** DuckDB works on 2,048 rows at a time, and a list's elements lie beyond such edges. */
test('ten thousand records of lists of any length keep their own elements', async () => {
  const values = Array.from({ length: 10_000 }, (_, i) =>
    i % 7 === 0
      ? { fault: 'c[].n: not an int (see docs/types.md#int)' }
      : { value: Array.from({ length: (i * i) % 5 }, (_, k) => ({ n: i + k, t: [`${i}`, `${k}.50`] })) },
  );
  const written = values.map((one, i) =>
    'fault' in one
      ? `[{"n":${i},"t":[]},{"n":"x${i}","t":[]}]`
      : `[${one.value.map(({ n, t: [a, b] }) => `{"n":${n},"t":["${a}",${b}]}`).join(',')}]`,
  );
  expect(await castNestedAll('struct(n int, t string[])[]', written)).toEqual(values);
});
