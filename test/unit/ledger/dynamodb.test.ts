import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test } from 'vitest';
import { ledger } from '../../../aws/ledger.ts';
import { ledgerConformance, newJob, newRun } from '../../conformance/ledger.ts';
import { createLedgerTables } from '../../support/ledger-tables.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';

let tables: { slices: string; runs: string };
let cloud: TestCloud | undefined;
afterAll(async () => cloud?.stop());

ledgerConformance('the ledger in DynamoDB', async () => {
  cloud = await startCloud({ auth: false });
  const client = new DynamoDBClient({ ...cloud.client, maxAttempts: 8 });
  tables = await createLedgerTables(client, 'forebay-test');
  return ledger(client, tables);
});

test('F10 a write whose answer was lost after the server did it is done once, and said to be done', async () => {
  if (cloud === undefined) throw new Error('the conformance suite starts the cloud');
  const client = new DynamoDBClient({ ...cloud.client, maxAttempts: 3 });
  let lost = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      if (lost++ % 2 === 0) throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
      return answer;
    },
    { step: 'deserialize', priority: 'high' },
  );
  const shaky = ledger(client, tables);
  const job = newJob();
  const run = await shaky.acquire(null, newRun(job, 'r1'));
  expect(run).toMatchObject({ status: 'RUNNING', fence: 1 });
  if (run === null) return;
  const mark = { runId: 'm1', trigger: 'mark' as const, force: false };
  expect(await shaky.mark(job, run.slice, 'r1', mark)).toEqual(mark);
  expect(await shaky.closeSkipped(run, { endedAt: '2026-03-02T02:16:00.000Z' })).toBe(true);
  expect(await shaky.getSlice(job, run.slice)).toMatchObject({ fence: 1, holder: null, mark });
  expect(lost).toBeGreaterThanOrEqual(8);
});
