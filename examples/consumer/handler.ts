/** The function: messages of the queue in, totals in a table out. Only this file knows AWS. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { manifestSchema } from 'forebay/core/manifest';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { type ConsumerDeps, consume, type Published } from './consumer.ts';

const { TOTALS_TABLE = '', LAKE_BUCKET = '' } = process.env;
// A cloud on a laptop has no host name for each bucket.
const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
const table = DynamoDBDocumentClient.from(new DynamoDBClient());

async function read(Bucket: string, Key: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  if (Body === undefined) throw new Error(`${Key} has no body`);
  return Body.transformToByteArray();
}

const deps: ConsumerDeps = {
  readManifest: async ({ bucket, key }) =>
    manifestSchema.parse(JSON.parse(Buffer.from(await read(bucket, key)).toString('utf8'))),
  readUnits: async (key) => {
    const bytes = await read(LAKE_BUCKET, key);
    const file = bytes.slice().buffer;
    const rows = await parquetReadObjects({ file, compressors, columns: ['qty'] });
    return rows.map(({ qty }) => (qty === null ? null : Number(qty)));
  },
  getRevision: async (slice) => {
    const { Item } = await table.send(
      new GetCommand({ TableName: TOTALS_TABLE, Key: { slice }, ConsistentRead: true }),
    );
    return Item === undefined ? null : Number(Item.revision);
  },
  putTotals: async (totals) => {
    try {
      await table.send(
        new PutCommand({
          TableName: TOTALS_TABLE,
          Item: totals,
          ConditionExpression: 'attribute_not_exists(slice) OR revision < :revision',
          ExpressionAttributeValues: { ':revision': totals.revision },
        }),
      );
      return true;
    } catch (error) {
      if ((error as Error).name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  },
};

export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { messageId, body } of Records) {
    try {
      const { detail } = JSON.parse(body) as { detail: Published };
      const { id } = detail.metadata;
      console.log(JSON.stringify({ id, slice: detail.data.slice, outcome: await consume(deps, detail) }));
    } catch (error) {
      console.error(JSON.stringify({ messageId, error: (error as Error).message }));
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
}
