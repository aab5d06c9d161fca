import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from './config.ts';

/** A bucket and the key that only it uses. */
export interface Zone {
  bucket: s3.Bucket;
  key: kms.Key;
}

/** The tag that lets a lake object expire: set one by one, on what no partition points to any more. */
export const retiredTag = { key: 'forebay:retired', value: 'true' };

/** The four zones. Each is versioned, encrypted with a key of its own, and reached by TLS only. */
export class Zones extends Construct {
  readonly inbox: Zone;
  readonly raw: Zone;
  readonly lake: Zone;
  readonly ops: Zone;
  readonly #config: Config;
  readonly #accessLogs: s3.Bucket;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.#config = config;
    const { retention } = config;
    this.#accessLogs = this.#bucket('AccessLogs', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      lifecycleRules: [abortUploads, { id: 'expire', expiration: Duration.days(retention.logs) }],
    });
    const superseded = {
      id: 'superseded-versions',
      noncurrentVersionExpiration: Duration.days(retention.noncurrentVersions),
    };
    this.inbox = this.#zone('Inbox', [superseded]);
    tellEventBridge(this.inbox.bucket);
    // No rule ends a raw object: it is ours for good. What is unpacked from it can be made again.
    this.raw = this.#zone('Raw', [
      {
        id: 'raw-to-glacier-instant-retrieval',
        prefix: 'raw/',
        transitions: [
          {
            storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
            transitionAfter: Duration.days(retention.rawToGlacierInstantRetrieval),
          },
        ],
      },
      {
        ...expire('unpacked', 'unpacked/', retention.staging),
        noncurrentVersionExpiration: superseded.noncurrentVersionExpiration,
      },
    ]);
    // By tag alone: age or prefix do not tell live data from retired.
    this.lake = this.#zone('Lake', [
      {
        id: 'retired-objects',
        tagFilters: { [retiredTag.key]: retiredTag.value },
        expiration: Duration.days(retention.retiredLakeObjects),
      },
      superseded,
    ]);
    this.ops = this.#zone('Ops', [
      expire('staging', 'staging/', retention.staging),
      expire('rejects', 'rejects/', retention.rejects),
      superseded,
    ]);
  }

  #zone(name: string, lifecycleRules: s3.LifecycleRule[]): Zone {
    const key = new kms.Key(this, `${name}Key`, {
      description: `Forebay ${this.#config.stage}: the ${name.toLowerCase()} bucket`,
      enableKeyRotation: true,
      removalPolicy: this.#removal,
      ...(this.#config.disposable ? { pendingWindow: Duration.days(7) } : {}),
    });
    const bucket = this.#bucket(name, {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      versioned: true,
      serverAccessLogsBucket: this.#accessLogs,
      serverAccessLogsPrefix: `${name.toLowerCase()}/`,
      lifecycleRules: [abortUploads, ...lifecycleRules],
    });
    return { bucket, key };
  }

  #bucket(name: string, props: s3.BucketProps): s3.Bucket {
    return new s3.Bucket(this, name, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: this.#removal,
      ...props,
    });
  }

  get #removal(): RemovalPolicy {
    return this.#config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
  }
}

/** By the bucket's own property. CDK's way has a function of its own do it, which it would have for this alone. */
function tellEventBridge(bucket: s3.Bucket): void {
  const { defaultChild } = bucket.node;
  if (!(defaultChild instanceof s3.CfnBucket)) throw new Error('a bucket is no longer made of a CfnBucket');
  defaultChild.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}

const abortUploads: s3.LifecycleRule = {
  id: 'abandoned-uploads',
  abortIncompleteMultipartUploadAfter: Duration.days(2),
};

const expire = (id: string, prefix: string, days: number): s3.LifecycleRule => ({
  id: `expire-${id}`,
  prefix,
  expiration: Duration.days(days),
});

/** ARNs of the objects under a prefix. */
export const objectsUnder = (bucket: s3.IBucket, prefix: string): string =>
  bucket.arnForObjects(`${prefix}*`);
