import { describe, expect, test } from 'vitest';
import { partitionKey, runsIndexes, slicesIndexes, sortKey } from '../../core/ledger-schema.ts';
import { retiredTag } from '../../infra/zones.ts';
import {
  attribute,
  type Json,
  local,
  ofType,
  one,
  ordersJob,
  production,
  type Resource,
  ref,
  synthesize,
} from '../support/app.ts';

const orders = await ordersJob();
const app = synthesize(production, [orders]);
const { shared } = app;

const buckets = ofType(shared, 'AWS::S3::Bucket');
const zones = ['Inbox', 'Raw', 'Lake', 'Ops'].map((name) => one(shared, 'AWS::S3::Bucket', `Zones${name}`));
const bucket = (name: string): Resource => one(shared, 'AWS::S3::Bucket', `Zones${name}`);
const rules = ({ properties }: Resource): Json[] => properties.LifecycleConfiguration.Rules;
const expiring = (resource: Resource) =>
  rules(resource).filter(
    (rule) => rule.ExpirationInDays ?? rule.ExpirationDate ?? rule.ExpiredObjectDeleteMarker,
  );

test('the buckets are four zones and one for their access logs', () => {
  expect(buckets.length).toBe(5);
  expect(new Set([...zones, bucket('AccessLogs')]).size).toBe(5);
});

describe.each(zones.map((zone) => [zone.id, zone] as const))('%s', (_, zone) => {
  test('keeps versions', () => {
    expect(zone.properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
  });

  test('is encrypted with a key that no other bucket has, and that is rotated', () => {
    const [rule] = zone.properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(rule.ServerSideEncryptionByDefault.SSEAlgorithm).toBe('aws:kms');
    expect(rule.BucketKeyEnabled).toBe(true);
    const id = rule.ServerSideEncryptionByDefault.KMSMasterKeyID;
    const key = ofType(shared, 'AWS::KMS::Key').find((each) => attribute(each, 'Arn') === id);
    expect(key?.properties.EnableKeyRotation).toBe(true);
    const users = zones.filter((other) => JSON.stringify(other.properties).includes(id));
    expect(users).toEqual([zone]);
  });

  test('logs who reads and writes', () => {
    expect(zone.properties.LoggingConfiguration.DestinationBucketName).toBe(ref(bucket('AccessLogs')));
  });
});

describe.each(buckets.map((each) => [each.id, each] as const))('%s', (_, each) => {
  test('is not public, and has no access lists', () => {
    expect(each.properties.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(each.properties.OwnershipControls.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
  });

  test('refuses whoever does not come by TLS 1.2', () => {
    const policy = ofType(shared, 'AWS::S3::BucketPolicy').find(
      (found) => found.properties.Bucket === ref(each),
    );
    const denied: Json[] = policy?.properties.PolicyDocument.Statement.filter(
      ({ Effect }: Json) => Effect === 'Deny',
    );
    const everything = {
      Action: 's3:*',
      Principal: { AWS: '*' },
      Resource: [attribute(each, 'Arn'), `${attribute(each, 'Arn')}/*`],
    };
    expect(denied).toContainEqual(
      expect.objectContaining({ ...everything, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    expect(denied).toContainEqual(
      expect.objectContaining({ ...everything, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
    );
  });

  test('F12 aborts uploads that nobody finished, wherever they are', () => {
    const aborting = rules(each).filter((rule) => rule.AbortIncompleteMultipartUpload !== undefined);
    expect(aborting.length).toBe(1);
    expect(aborting[0]).toMatchObject({ Status: 'Enabled' });
    expect(aborting[0]).not.toHaveProperty('Prefix');
    expect(aborting[0]).not.toHaveProperty('TagFilters');
    expect(aborting[0].AbortIncompleteMultipartUpload.DaysAfterInitiation).toBeLessThanOrEqual(7);
  });

  test('is kept when its stack goes, with all that is in it', () => {
    expect(each.deletionPolicy).toBe('Retain');
  });
});

test('raw objects go to a class that is read at once, and nothing ever ends them', () => {
  const raw = bucket('Raw');
  const ofRaw = rules(raw).filter((rule) => (rule.Prefix ?? '') === '' || rule.Prefix.startsWith('raw/'));
  const moves = ofRaw.flatMap((rule) => rule.Transitions ?? []);
  expect(moves).toEqual([{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }]);
  for (const rule of ofRaw) {
    expect(
      Object.keys(rule).filter((key) => /Expir/.test(key)),
      rule.Id,
    ).toEqual([]);
    expect(rule, rule.Id).not.toHaveProperty('NoncurrentVersionTransitions');
  }
});

test('what was unpacked from raw objects expires, and with it its superseded versions', () => {
  const { retention } = production;
  expect(expiring(bucket('Raw'))).toEqual([
    expect.objectContaining({
      Prefix: 'unpacked/',
      ExpirationInDays: retention.staging,
      NoncurrentVersionExpiration: { NoncurrentDays: retention.noncurrentVersions },
    }),
  ]);
});

test('in the lake only the tag of retired objects lets an object expire, never an age or a prefix', () => {
  const ending = expiring(bucket('Lake'));
  expect(ending.length).toBe(1);
  for (const rule of ending) {
    expect(rule.TagFilters).toEqual([{ Key: retiredTag.key, Value: retiredTag.value }]);
  }
  const moving = rules(bucket('Lake')).filter((rule) => rule.Transitions !== undefined);
  expect(moving).toEqual([]);
});

test('in the ops bucket staging and rejects expire by prefix; manifests and job versions stay', () => {
  const { retention } = production;
  const byPrefix = Object.fromEntries(
    expiring(bucket('Ops')).map((rule) => [rule.Prefix, rule.ExpirationInDays]),
  );
  expect(byPrefix).toEqual({ 'staging/': retention.staging, 'rejects/': retention.rejects });
});

test('the inbox alone tells EventBridge what is put into it', () => {
  const telling = zones.filter(({ properties }) => properties.NotificationConfiguration !== undefined);
  expect(telling).toEqual([bucket('Inbox')]);
  expect(telling[0]?.properties.NotificationConfiguration).toEqual({
    EventBridgeConfiguration: { EventBridgeEnabled: true },
  });
  // By the bucket's own property: there is no function that would set it.
  expect(ofType(shared, 'Custom::S3BucketNotifications')).toEqual([]);
});

test('items of the slices table that say so expire, and none of runs', () => {
  const expiry = (name: string) =>
    one(shared, 'AWS::DynamoDB::GlobalTable', `Ledger${name}`).properties.TimeToLiveSpecification;
  expect(expiry('Slices')).toEqual({ AttributeName: 'expiresAt', Enabled: true });
  expect(expiry('Runs')).toBeUndefined();
});

test('what is put into the inbox stays until somebody deletes it', () => {
  expect(expiring(bucket('Inbox'))).toEqual([]);
});

describe.each([
  ['Slices', Object.values(slicesIndexes)],
  ['Runs', Object.values(runsIndexes)],
])('the ledger table %s', (name, indexes) => {
  const { properties, deletionPolicy } = one(shared, 'AWS::DynamoDB::GlobalTable', `Ledger${name}`);
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: range, KeyType: 'RANGE' },
  ];

  test('has the keys and exactly the indexes that the ledger asks', () => {
    expect(properties.KeySchema).toEqual(keys(partitionKey, sortKey));
    const found = properties.GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }: Json) => ({
      IndexName,
      KeySchema,
      Projection,
    }));
    expect(found).toEqual(
      indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keys(index.partitionKey, index.sortKey),
        Projection: { ProjectionType: 'ALL' },
      })),
    );
    const types = new Set(properties.AttributeDefinitions.map(({ AttributeType }: Json) => AttributeType));
    expect(types).toEqual(new Set(['S']));
  });

  test('can be restored to any second, and is not deleted by mistake', () => {
    expect(properties.Replicas.length).toBe(1);
    const [replica] = properties.Replicas;
    expect(replica.Region).toBe(production.region);
    expect(replica.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    expect(replica.DeletionProtectionEnabled).toBe(true);
    expect(deletionPolicy).toBe('Retain');
  });
});

test('CloudFormation owns the Glue database and none of its tables', () => {
  const database = one(shared, 'AWS::Glue::Database');
  expect(database.properties).toMatchObject({
    CatalogId: production.account,
    DatabaseInput: { Name: 'forebay_production' },
  });
  expect(shared.outputs.Database).toBe('forebay_production');
  const tables = [shared, ...Object.values(app.jobs)].flatMap((each) => ofType(each, 'AWS::Glue::Table'));
  expect(tables).toEqual([]);
});

test('on the local cloud nothing is kept when a stack goes', () => {
  const disposable = synthesize(local, [orders]).shared;
  for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key']) {
    for (const { id, deletionPolicy } of ofType(disposable, type)) expect(deletionPolicy, id).toBe('Delete');
  }
});
