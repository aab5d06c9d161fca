/** The ledger in DynamoDB: two tables, since IAM tells writers of slices from writers of runs only by table. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Ledger } from './interfaces.ts';
import { backfillVerbs } from './ledger/backfills.ts';
import { childVerbs } from './ledger/children.ts';
import { closeVerbs } from './ledger/close.ts';
import { failureVerbs } from './ledger/failures.ts';
import { forgottenVerbs } from './ledger/forgotten.ts';
import type { Tables } from './ledger/keys.ts';
import { outboxVerbs } from './ledger/outbox.ts';
import { runVerbs } from './ledger/runs.ts';
import { sliceVerbs } from './ledger/slices.ts';
import { store as storeOf } from './ledger/store.ts';
import { triggerVerbs } from './ledger/triggers.ts';

export function ledger(client: DynamoDBClient, tables: Tables): Ledger {
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const store = storeOf(documents);
  return {
    ...sliceVerbs(store, tables),
    ...triggerVerbs(store, tables),
    ...runVerbs(store, tables),
    ...childVerbs(store, tables),
    ...closeVerbs(store, tables),
    ...outboxVerbs(store, tables),
    ...backfillVerbs(store, tables),
    ...failureVerbs(store, tables),
    ...forgottenVerbs(store, tables),
  };
}
