import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { expiryAttribute, partitionKey, runsIndexes, slicesIndexes, sortKey } from '../core/ledger-schema.ts';
import type { Config } from './config.ts';

/** Two tables, since IAM tells writers of slices from writers of runs only by table. */
export class LedgerTables extends Construct {
  readonly slices: dynamodb.TableV2;
  readonly runs: dynamodb.TableV2;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    // Notices of files are the only items that ever expire.
    const timeToLiveAttribute = expiryAttribute;
    this.slices = table(this, 'Slices', config, Object.values(slicesIndexes), { timeToLiveAttribute });
    this.runs = table(this, 'Runs', config, Object.values(runsIndexes));
  }
}

interface Index {
  name: string;
  partitionKey: string;
  sortKey: string;
}

const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });

const table = (
  scope: Construct,
  id: string,
  config: Config,
  indexes: readonly Index[],
  more: Partial<dynamodb.TablePropsV2> = {},
): dynamodb.TableV2 =>
  new dynamodb.TableV2(scope, id, {
    partitionKey: text(partitionKey),
    sortKey: text(sortKey),
    billing: dynamodb.Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: !config.disposable,
    removalPolicy: config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    globalSecondaryIndexes: indexes.map((index) => ({
      indexName: index.name,
      partitionKey: text(index.partitionKey),
      sortKey: text(index.sortKey),
    })),
    ...more,
  });
