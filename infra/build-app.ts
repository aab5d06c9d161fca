import type { App } from 'aws-cdk-lib';
import { loadJobs } from '../core/job/load.ts';
import type { JobVersion } from '../core/job/model.ts';
import { dashboardStackName, jobStackName, sharedStackName } from '../core/outputs.ts';
import { bundleTasks } from './bundle.ts';
import { type Config, configOf } from './config.ts';
import { alarmNamesIn, DashboardStack } from './stacks/dashboard.ts';
import { JobStack } from './stacks/job.ts';
import { SharedStack } from './stacks/shared.ts';

/** Adds the stacks of a stage to the app, with the jobs of a folder. */
export async function buildApp(
  app: App,
  stage: string,
  jobsFolder: string,
  shardBytes?: string,
): Promise<void> {
  addStacks(app, configOf(stage, shardBytes), await loadJobs(jobsFolder));
}

export function addStacks(app: App, config: Config, jobs: readonly JobVersion[]): void {
  const { stage } = config;
  const env = { account: config.account, region: config.region };
  const bundles = bundleTasks();
  const shared = new SharedStack(app, sharedStackName(stage), config, bundles, {
    env,
    description: `Forebay ${stage}: what all jobs share`,
    terminationProtection: !config.disposable,
  });
  const rows = jobs.map((version) => {
    const { name, after } = version.job;
    const before = jobs.flatMap(({ job }) => (after.includes(job.name) ? [job] : []));
    const stack = new JobStack(app, jobStackName(stage, name), version, before, shared, bundles, {
      env,
      description: `Forebay ${stage}: job ${name}`,
    });
    stack.addStackDependency(shared);
    return { name, alarms: alarmNamesIn(stack) };
  });
  const all = { name: 'all jobs', alarms: alarmNamesIn(shared) };
  new DashboardStack(
    app,
    dashboardStackName(stage),
    { config, shared: all, jobs: rows },
    { env, description: `Forebay ${stage}: its dashboard` },
  );
}
