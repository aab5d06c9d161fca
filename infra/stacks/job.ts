import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { JobVersion } from '../../core/job/model.ts';
import { canonicalJson } from '../../core/job/version.ts';
import type { JobOutputName } from '../../core/outputs.ts';
import { Job } from '../job.ts';
import type { SharedStack } from './shared.ts';

/** One job, in a stack of its own. */
export class JobStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    version: JobVersion,
    shared: SharedStack,
    bundles: Map<string, string>,
    props: StackProps,
  ) {
    super(scope, id, props);
    const asset = this.#asset(version);
    const job = new Job(this, 'Job', { version, shared, bundles, asset });
    const outputs: Partial<Record<JobOutputName, string>> = {
      StateMachineArn: job.stateMachine.stateMachineArn,
      LakeDlqUrl: job.writeDlq.queueUrl,
      JobDocument: `${asset.s3BucketName}/${asset.s3ObjectKey}`,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }

  /** The canonical JSON whose sha256 is the version: byte for byte what OpenRun pins. */
  #asset({ job, version }: JobVersion): assets.Asset {
    const folder = mkdtempSync(join(tmpdir(), 'forebay-job-'));
    const path = join(folder, `${version}.json`);
    writeFileSync(path, canonicalJson(job));
    const asset = new assets.Asset(this, 'JobVersion', { path });
    rmSync(folder, { recursive: true, force: true });
    return asset;
  }
}
