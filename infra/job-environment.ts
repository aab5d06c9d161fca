import type { Variable } from '../tasks/environment.ts';
import type { JobProps } from './job.ts';
import { secretsPath, stateMachineArn } from './names.ts';
import { sourceBucketName } from './source.ts';
import { maxReceives } from './timeouts.ts';

/** What each environment variable is for the functions of a job; those of the sweeper and of triggers are theirs to fill. */
export function environmentValues({ shared, version, asset }: JobProps): Record<Variable, string> {
  const { config, zones, ledger } = shared;
  return {
    STAGE: config.stage,
    SLICES_TABLE: ledger.slices.tableName,
    RUNS_TABLE: ledger.runs.tableName,
    INBOX_BUCKET: zones.inbox.bucket.bucketName,
    RAW_BUCKET: zones.raw.bucket.bucketName,
    LAKE_BUCKET: zones.lake.bucket.bucketName,
    OPS_BUCKET: zones.ops.bucket.bucketName,
    JOB_ASSET: `${asset.s3BucketName}/${asset.s3ObjectKey}`,
    SOURCE_BUCKET: sourceBucketName(shared, version.job),
    DATABASE: shared.database,
    BUS_NAME: shared.bus.eventBusName,
    JOB_DLQ_URL: shared.jobDlq.queueUrl,
    STATE_MACHINE_ARN: stateMachineArn(config, version.job.name),
    STATE_MACHINE_ARN_PREFIX: '',
    SHARD_BYTES: String(config.shardBytes),
    MAX_OBJECT_BYTES: String(config.maxObjectBytes),
    SECRETS_PATH: secretsPath(config),
    PRIVACY_KEY_ARN: shared.privacyKey.keyArn,
    CATALOG_TIMEOUT: '',
    TRIGGERS: '',
    TRIGGERS_QUEUE_URL: '',
    MAX_RECEIVES: String(maxReceives),
  };
}
