/** The ledger's way to DynamoDB: reads in pages, writes with their outcome as a value. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
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
  put(table: string, item: Item): Promise<void>;
  /** The item that was there. */
  remove(table: string, key: Item): Promise<Item | null>;
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
    put: async (table, item) => {
      await client.send(new PutCommand({ TableName: table, Item: item })).catch(translate);
    },
    remove: async (table, key) => {
      const answer = await client
        .send(new DeleteCommand({ TableName: table, Key: key, ReturnValues: 'ALL_OLD' }))
        .catch(translate);
      return answer.Attributes ?? null;
    },
    update: (input) => again(() => updateOnce(client, input)),
    transact: (writes) => again(() => transactOnce(client, writes)),
    query: (input, limit) => queryAll(client, input, limit),
  };
}

/** Why nothing was written, and trying again is all there is to do. */
type Again = 'TransactionConflict' | 'Throttled';
const isAgain = (outcome: unknown): outcome is Again =>
  outcome === 'TransactionConflict' || outcome === 'Throttled';

async function again<T>(write: () => Promise<T | Again>): Promise<T> {
  let last: Again = 'TransactionConflict';
  for (let attempt = 0; attempt < attempts; attempt++) {
    const outcome = await write();
    if (!isAgain(outcome)) return outcome;
    last = outcome;
    await sleep(Math.random() * Math.min(2_000, 25 * 2 ** attempt));
  }
  if (last === 'Throttled') {
    throw new ForebayError('Throttled', `DynamoDB throttled a transaction through ${attempts} attempts`);
  }
  throw new ForebayError('LedgerConflict', `other transactions held the item through ${attempts} attempts`);
}

async function updateOnce(
  client: DynamoDBDocumentClient,
  input: UpdateCommandInput,
): Promise<Item | null | Again> {
  try {
    const answer = await client.send(new UpdateCommand({ ...input, ReturnValues: 'ALL_NEW' }));
    return answer.Attributes ?? {};
  } catch (error) {
    const name = (error as Error).name;
    if (name === 'ConditionalCheckFailedException') return null;
    if (name === 'TransactionConflictException') return 'TransactionConflict';
    return translate(error);
  }
}

async function transactOnce(client: DynamoDBDocumentClient, writes: Write[]): Promise<number[] | Again> {
  try {
    await client.send(new TransactWriteCommand({ TransactItems: writes }));
    return [];
  } catch (error) {
    // The SDK sent it again, with the same token, while the first was still under way.
    if ((error as Error).name === 'TransactionInProgressException') return 'TransactionConflict';
    const reasons = (error as { CancellationReasons?: Array<{ Code?: string }> }).CancellationReasons;
    if ((error as Error).name !== 'TransactionCanceledException' || reasons === undefined) {
      return translate(error);
    }
    return readReasons(reasons) ?? translate(error);
  }
}

/** A failed condition is final, whatever else befell the transaction. `null`: a fault of another kind. */
function readReasons(reasons: Array<{ Code?: string }>): number[] | Again | null {
  const failed = reasons.flatMap(({ Code }, i) => (Code === 'ConditionalCheckFailed' ? [i] : []));
  if (failed.length > 0) return failed;
  const codes = reasons.map(({ Code }) => Code);
  if (codes.includes('TransactionConflict')) return 'TransactionConflict';
  return codes.includes('ThrottlingError') || codes.includes('ProvisionedThroughputExceeded')
    ? 'Throttled'
    : null;
}

async function queryAll(
  client: DynamoDBDocumentClient,
  input: QueryCommandInput,
  limit = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  // A page is as many items as are wanted; where a filter leaves some out, as many as there is room for.
  const few = Number.isFinite(limit) && input.QueryFilter === undefined ? { Limit: limit } : {};
  let from: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page: QueryCommandInput = {
      ...few,
      ...input,
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    };
    const answer = await client.send(new QueryCommand(page)).catch(translate);
    items.push(...(answer.Items ?? []));
    from = answer.LastEvaluatedKey;
  } while (from !== undefined && items.length < limit);
  return items.slice(0, limit);
}
