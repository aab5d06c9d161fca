import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll } from 'vitest';
import { ledger } from '../../../aws/ledger.ts';
import { partitionKey, runsIndexes, slicesIndexes, sortKey } from '../../../core/ledger-schema.ts';
import { ledgerConformance } from '../../conformance/ledger.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';

let cloud: TestCloud | undefined;
afterAll(async () => cloud?.stop());

async function createTable(
  client: DynamoDBClient,
  TableName: string,
  indexes: Array<{ name: string; partitionKey: string; sortKey: string }>,
): Promise<void> {
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  const names = [partitionKey, sortKey, ...indexes.flatMap((index) => [index.partitionKey, index.sortKey])];
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys(partitionKey, sortKey),
      AttributeDefinitions: [...new Set(names)].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keys(index.partitionKey, index.sortKey),
        Projection: { ProjectionType: 'ALL' },
      })),
    }),
  );
}

ledgerConformance('the ledger in DynamoDB', async () => {
  cloud = await startCloud({ auth: false });
  const client = new DynamoDBClient({ ...cloud.client, maxAttempts: 8 });
  const tables = { slices: 'forebay-test-slices', runs: 'forebay-test-runs' };
  await createTable(client, tables.slices, Object.values(slicesIndexes));
  await createTable(client, tables.runs, Object.values(runsIndexes));
  return ledger(client, tables);
});
