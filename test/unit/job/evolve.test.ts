/** What a contract that takes columns from its data may not be. */
import { describe, expect, test } from 'vitest';
import { jobFile, loadOne, problemsIn } from './support.ts';

const told = async (change: Record<string, string>) =>
  (await problemsIn({ 'orders.ts': jobFile('orders', change) })).byFile['orders.ts'] ?? [];

describe('new columns in a job with privacy rules', () => {
  const contract = (onNewColumn: string) =>
    `{ columns: { id: 'bigint', note: 'string?' }, onNewColumn: '${onNewColumn}' }`;

  test('are refused, whatever the rules', async () => {
    for (const privacy of ["{ note: 'mask' }", "{ id: 'hash' }"]) {
      expect(await told({ contract: contract('evolve'), privacy })).toEqual([
        {
          field: 'contract.onNewColumn',
          value: '"evolve"',
          allowed:
            "'fail', 'discard-column' or 'discard-record' in a job with privacy rules: " +
            'a new column would be in the table as it came',
        },
      ]);
    }
  });

  test('are allowed without rules, as are wider types with them', async () => {
    expect(await told({ contract: contract('evolve') })).toEqual([]);
    const retyped = "{ columns: { id: 'int', note: 'string?' }, onRetypedColumn: 'evolve' }";
    expect(await told({ contract: retyped, privacy: "{ note: 'mask' }" })).toEqual([]);
  });
});

describe('expressions over columns that may get a wider type', () => {
  const contract = (from: string, onRetypedColumn: string) =>
    `{ columns: { days: 'int', day: 'date', due: { type: 'date', from: '${from}' } }, onRetypedColumn: '${onRetypedColumn}' }`;

  test('fit with the wider one, too', async () => {
    const change = { contract: contract('day + days', 'evolve') };
    expect(await told(change)).toEqual([
      {
        field: 'contract.columns.due.from',
        value: '"day + days"',
        allowed: expect.stringMatching(/wider types as well: onRetypedColumn is 'evolve'$/),
      },
    ]);
    expect(await told({ contract: contract('day + days', 'discard-record') })).toEqual([]);
  });

  test('load where they do', async () => {
    const { job } = await loadOne('orders', {
      contract: contract('day + to_days(CAST(days AS INTEGER))', 'evolve'),
    });
    expect(job.contract.onRetypedColumn).toBe('evolve');
  });
});
