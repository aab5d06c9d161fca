/** The app, synthesized in this process, with its templates as plain objects to assert on. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { loadJobs } from '../../core/job/load.ts';
import type { Job, JobVersion } from '../../core/job/model.ts';
import { versionOf } from '../../core/job/version.ts';
import { dashboardStackName, jobStackName, sharedStackName } from '../../core/outputs.ts';
import { addStacks } from '../../infra/build-app.ts';
import { type Config, configOf } from '../../infra/config.ts';
import { layerDirectory } from '../../infra/layer.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Plain JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a template is JSON of any shape, and a wrong path shows as undefined
export type Json = any;

export interface Resource {
  stack: string;
  id: string;
  type: string;
  /** With every intrinsic function resolved to text, as {@link resolve} has it. */
  properties: Json;
  deletionPolicy?: string;
}

export interface Template {
  stack: string;
  resources: Resource[];
  outputs: Record<string, Json>;
}

export interface Synthesized {
  config: Config;
  shared: Template;
  /** By the job's name. */
  jobs: Record<string, Template>;
  dashboard: Template;
}

export const local: Config = configOf('local');

/** A stage as a company would add it: an account of AWS, data that is kept. */
export const production: Config = {
  ...local,
  stage: 'production',
  account: '123456789012',
  region: 'eu-central-1',
  disposable: false,
};

/** The repository's own jobs. */
export const ownJobs = (): Promise<JobVersion[]> => loadJobs(join(root, 'jobs'));

/** The job file of the repository, changed. */
export async function ordersJob(change: Partial<Job> = {}): Promise<JobVersion> {
  const [orders] = (await ownJobs()).filter(({ job }) => job.name === 'orders');
  if (orders === undefined) throw new Error('jobs/orders.ts is not there');
  return versionOf({ ...orders.job, ...change });
}

/** The same job as one that settles repeated keys: its machine has more states, its stack more functions. */
export async function settlingJob(): Promise<JobVersion> {
  const { job } = await ordersJob();
  return versionOf({ ...job, name: 'settling', contract: { ...job.contract, onRepeatedKey: 'reject' } });
}

/** The same job as one whose slices decide their columns: its machine has more states, its stack more functions. Its table is the second. */
export async function evolvingJob(): Promise<JobVersion> {
  const { job } = await ordersJob();
  const contract: Job['contract'] = { ...job.contract, onNewColumn: 'evolve', onRetypedColumn: 'evolve' };
  const sinks: Job['sinks'] = [{ kind: 'lake', major: 2 }];
  return versionOf({ ...job, name: 'evolving', contract, privacy: {}, sinks });
}

/** The same job as one that files with a marker start, and the commits of the job `orders`. */
export async function triggeredJob(change: Partial<Job> = {}): Promise<JobVersion> {
  const { job } = await ordersJob();
  const arrival: Job['arrival'] = { quietSeconds: 120, marker: '_SUCCESS' };
  return versionOf({ ...job, name: 'triggered', schedule: null, arrival, after: ['orders'], ...change });
}

/** Synthesizes a stage with these jobs. Assets are hashed but not copied. */
export const synthesize = (config: Config, jobs: readonly JobVersion[]): Synthesized =>
  withApp(config, jobs, (_, assembly) => {
    const raw = new Map(assembly.stacks.map(({ stackName, template }) => [stackName, template as Json]));
    const read = (stack: string) => template(stack, raw, config);
    return {
      config,
      shared: read(sharedStackName(config.stage)),
      dashboard: read(dashboardStackName(config.stage)),
      jobs: Object.fromEntries(jobs.map(({ job }) => [job.name, read(jobStackName(config.stage, job.name))])),
    };
  });

/** The app itself, and its templates as files, in a folder that is gone behind `use`. */
export function withApp<T>(
  config: Config,
  jobs: readonly JobVersion[],
  use: (app: App, assembly: CloudAssembly) => T,
): T {
  ensureLayer(config);
  const outdir = mkdtempSync(join(tmpdir(), 'forebay-synth-'));
  const { TMPDIR } = process.env;
  // Bundles go with it: a test's worker is stopped from outside, and would leave them behind.
  process.env.TMPDIR = outdir;
  try {
    const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
    const app = new App({
      outdir,
      // cfn-lint.test.ts checks the templates, and synth-command.test.ts has the CDK check them.
      builtinCloudFormationValidation: false,
      stackTraces: false,
      treeMetadata: false,
      analyticsReporting: false,
      context: { ...context, 'aws:cdk:disable-asset-staging': true },
    });
    addStacks(app, config, jobs);
    return use(app, app.synth());
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Builds the DuckDB layer where it is missing: synth only packs it. */
export function ensureLayer({ architecture }: Config): void {
  if (existsSync(join(layerDirectory(architecture), 'nodejs', 'node_modules'))) return;
  execFileSync('node', ['--import', 'tsx', 'scripts/build-layer.ts', architecture], { cwd: root });
}

function template(stack: string, all: Map<string, Json>, config: Config): Template {
  const { Resources, Outputs } = all.get(stack) ?? {};
  const text = (value: Json) => resolve(value, stack, all, config);
  return {
    stack,
    resources: Object.entries<Json>(Resources ?? {}).map(([id, resource]) => ({
      stack,
      id,
      type: resource.Type,
      properties: text(resource.Properties ?? {}),
      ...(resource.DeletionPolicy === undefined ? {} : { deletionPolicy: resource.DeletionPolicy }),
    })),
    outputs: Object.fromEntries(
      Object.entries<Json>(Outputs ?? {}).map(([name, { Value }]) => [name, text(Value)]),
    ),
  };
}

/**
 * A value of a template with its intrinsic functions as text: `<stack/Resource>` for a reference and
 * `<stack/Resource.Attribute>` for an attribute, also where the value comes from another stack's export.
 */
export function resolve(value: Json, stack: string, all: Map<string, Json>, config: Config): Json {
  const again = (inner: Json) => resolve(inner, stack, all, config);
  if (Array.isArray(value)) return value.map(again).filter((inner) => inner !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const [name, ...more] = Object.keys(value);
  const argument = name === undefined ? undefined : value[name];
  if (more.length === 0) {
    if (name === 'Ref') return pseudo(argument, config) ?? `<${stack}/${argument}>`;
    if (name === 'Fn::GetAtt') return `<${stack}/${argument.join('.')}>`;
    if (name === 'Fn::Join') return again(argument[1]).join(argument[0]);
    if (name === 'Fn::Select') return selected(argument, again);
    if (name === 'Fn::ImportValue') return exported(argument, all, config);
    if (name === 'Fn::Sub' && typeof argument === 'string')
      return argument.replace(/\$\{([^}]+)\}/g, (_, ref) => again({ Ref: ref }));
    if (name?.startsWith('Fn::')) throw new Error(`no rule for ${name} in ${stack}`);
  }
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, again(inner)])
      .filter(([, inner]) => inner !== undefined),
  );
}

function pseudo(name: string, { account, region }: Config): string | undefined {
  const known: Record<string, string> = {
    'AWS::Partition': 'aws',
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  return known[name];
}

/** One part of a text that is split; where only CloudFormation knows the text, `<…>[n]`. */
function selected([n, from]: Json, again: (value: Json) => Json): Json {
  const [separator, text] = from['Fn::Split'].map(again);
  return text.split(separator)[n] ?? `${text}[${n}]`;
}

function exported(name: string, all: Map<string, Json>, config: Config): Json {
  for (const [stack, { Outputs }] of all) {
    const output = Object.values<Json>(Outputs ?? {}).find((each) => each.Export?.Name === name);
    if (output !== undefined) return resolve(output.Value, stack, all, config);
  }
  throw new Error(`no stack exports ${name}`);
}

export const ofType = ({ resources }: Template, type: string): Resource[] =>
  resources.filter((resource) => resource.type === type);

/** The one resource of a type whose logical id begins so. */
export function one(template: Template, type: string, idPrefix = ''): Resource {
  const found = ofType(template, type).filter(({ id }) => id.startsWith(idPrefix));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(
      `${found.length} resources of ${type} begin with '${idPrefix}' in ${template.stack}, not one`,
    );
  return only;
}

export const ref = ({ stack, id }: Resource): string => `<${stack}/${id}>`;
export const attribute = ({ stack, id }: Resource, name: string): string => `<${stack}/${id}.${name}>`;
