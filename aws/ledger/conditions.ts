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
  (ComparisonOperator: ComparisonOperator) =>
  (...AttributeValueList: string[]): Condition => ({ ComparisonOperator, AttributeValueList });

export const equals = compared('EQ') as (value: string) => Condition;
export const isIn = compared('IN');
export const beginsWith = compared('BEGINS_WITH') as (text: string) => Condition;
export const isBelow = compared('LT') as (value: string) => Condition;
export const isFrom = compared('GE') as (value: string) => Condition;
/** With both its ends. */
export const isBetween = compared('BETWEEN') as (first: string, last: string) => Condition;
export const isAbsent: Condition = { ComparisonOperator: 'NULL' };

/** Items of a partition whose sort key begins so. */
export const below = (pk: string, prefix: string): Record<string, Condition> => ({
  pk: equals(pk),
  sk: beginsWith(prefix),
});
