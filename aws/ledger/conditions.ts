/**
 * Conditions of a query, by attribute, as maps and not as expressions: DynamoDB means the same by both, and the local
 * cloud reads an expression anew for each item of a partition, which made a look at two thousand shards take a second.
 */
import type { ComparisonOperator } from '@aws-sdk/client-dynamodb';

export interface Condition {
  ComparisonOperator: ComparisonOperator;
  AttributeValueList?: string[];
}

const compared =
  <Values extends string[]>(ComparisonOperator: ComparisonOperator) =>
  (...AttributeValueList: Values): Condition => ({ ComparisonOperator, AttributeValueList });

export const equals = compared<[value: string]>('EQ');
export const isIn = compared<string[]>('IN');
const beginsWith = compared<[text: string]>('BEGINS_WITH');
export const isBefore = compared<[value: string]>('LT');
export const isFrom = compared<[value: string]>('GE');
/** With both its ends. */
export const isBetween = compared<[first: string, last: string]>('BETWEEN');
export const isAbsent: Condition = { ComparisonOperator: 'NULL' };

/** Items of a partition whose sort key begins so. */
export const below = (pk: string, prefix: string): Record<string, Condition> => ({
  pk: equals(pk),
  sk: beginsWith(prefix),
});
