import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { S3JsonItemReader } from 'aws-cdk-lib/aws-stepfunctions';

export interface ListingReaderProps {
  bucket: IBucket;
  /** JSONPath to the key of a JSON array. */
  key: string;
  /** Where such listings lie: the machine may read nothing else of the bucket. */
  prefix: string;
}

/** Reads a Distributed Map's items. CDK's own reader asks for the whole bucket. */
export class ListingReader extends S3JsonItemReader {
  readonly #listings: string;

  constructor({ bucket, key, prefix }: ListingReaderProps) {
    super({ bucket, key });
    this.#listings = bucket.arnForObjects(`${prefix}*`);
  }

  override providePolicyStatements(): PolicyStatement[] {
    return [new PolicyStatement({ actions: ['s3:GetObject'], resources: [this.#listings] })];
  }
}
