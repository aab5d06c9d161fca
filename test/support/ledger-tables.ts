/** The ledger's two tables in a local cloud, without the app around them. */
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { partitionKey, runsIndexes, slicesIndexes, sortKey } from '../../core/ledger-schema.ts';

export async function createLedgerTables(
  client: DynamoDBClient,
  name: string,
): Promise<{ slices: string; runs: string }> {
  const tables = { slices: `${name}-slices`, runs: `${name}-runs` };
  await createTable(client, tables.slices, Object.values(slicesIndexes));
  await createTable(client, tables.runs, Object.values(runsIndexes));
  return tables;
}

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
      AttributeDefinitions: [...new Set(names)].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keys(index.partitionKey, index.sortKey),
        Projection: { ProjectionType: 'ALL' },
      })),
    }),
  );
}
