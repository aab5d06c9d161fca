/** The ledger's way to DynamoDB: reads in pages, writes with their outcome as a value. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { ForebayError } from '../../core/errors.ts';
import { translate } from '../errors.ts';

export type Item = Record<string, unknown>;
export type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

export interface Store {
  get(table: string, key: Item): Promise<Item | null>;
  /** `null`: the condition did not hold; otherwise the item as it is now. */
  update(input: UpdateCommandInput): Promise<Item | null>;
  /** Positions of the writes whose condition did not hold; empty: all are written. */
  transact(writes: Write[]): Promise<number[]>;
  /** Pages until `limit` items or the end. */
  query(input: QueryCommandInput, limit?: number): Promise<Item[]>;
}

const attempts = 8;

export function store(client: DynamoDBDocumentClient): Store {
  return {
    get: async (table, key) => {
      const answer = await client
        .send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))
        .catch(translate);
      return answer.Item ?? null;
    },
    update: (input) => again(() => updateOnce(client, input)),
    transact: (writes) => again(() => transactOnce(client, writes)),
    query: (input, limit) => queryAll(client, input, limit),
  };
}

/** Another transaction touched the same item: nothing was written, and trying again is all there is to do. */
const conflict = Symbol('conflict');

async function again<T>(write: () => Promise<T | typeof conflict>): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const outcome = await write();
    if (outcome !== conflict) return outcome;
    await sleep(Math.random() * Math.min(2_000, 25 * 2 ** attempt));
  }
  throw new ForebayError('LedgerConflict', `other transactions held the item through ${attempts} attempts`);
}

async function updateOnce(
  client: DynamoDBDocumentClient,
  input: UpdateCommandInput,
): Promise<Item | null | typeof conflict> {
  try {
    const answer = await client.send(new UpdateCommand({ ...input, ReturnValues: 'ALL_NEW' }));
    return answer.Attributes ?? {};
  } catch (error) {
    const name = (error as Error).name;
    if (name === 'ConditionalCheckFailedException') return null;
    if (name === 'TransactionConflictException') return conflict;
    return translate(error);
  }
}

async function transactOnce(
  client: DynamoDBDocumentClient,
  writes: Write[],
): Promise<number[] | typeof conflict> {
  try {
    await client.send(new TransactWriteCommand({ TransactItems: writes }));
    return [];
  } catch (error) {
    const reasons = (error as { CancellationReasons?: Array<{ Code?: string }> }).CancellationReasons;
    if ((error as Error).name !== 'TransactionCanceledException' || reasons === undefined) {
      return translate(error);
    }
    // A failed condition is final, whatever else befell the transaction.
    const failed = reasons.flatMap(({ Code }, i) => (Code === 'ConditionalCheckFailed' ? [i] : []));
    if (failed.length > 0) return failed;
    if (reasons.some(({ Code }) => Code === 'TransactionConflict' || Code === 'ThrottlingError')) {
      return conflict;
    }
    return translate(error);
  }
}

async function queryAll(
  client: DynamoDBDocumentClient,
  input: QueryCommandInput,
  limit = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  let from: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page: QueryCommandInput = { ...input, ...(from === undefined ? {} : { ExclusiveStartKey: from }) };
    const answer = await client.send(new QueryCommand(page)).catch(translate);
    items.push(...(answer.Items ?? []));
    from = answer.LastEvaluatedKey;
  } while (from !== undefined && items.length < limit);
  return items.slice(0, limit);
}
