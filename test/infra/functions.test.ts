import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundleTasks } from '../../infra/bundle.ts';
import { variables } from '../../tasks/environment.ts';
import {
  attribute,
  evolvingJob,
  local,
  ofType,
  one,
  ordersJob,
  production,
  type Resource,
  ref,
  root,
  settlingJob,
  synthesize,
  triggeredJob,
} from '../support/app.ts';
import { roleOf, statementsOf, templatesOf } from '../support/policies.ts';

const orders = await ordersJob();
const partner = await ordersJob({
  name: 'partner',
  source: { kind: 's3', bucket: 'partner-files', prefix: 'out/{slice}/' },
  schedule: null,
  privacy: { note: 'mask' },
});
const settling = await settlingJob();
const evolving = await evolvingJob();
const bucketOfPartner = {
  bucket: 'partner-bucket',
  account: '210987654321',
  keyArn: 'arn:aws:kms:eu-central-1:210987654321:key/k',
};
const config = { ...production, buckets: { 'partner-files': bucketOfPartner } };
const triggered = await triggeredJob();
const app = synthesize(config, [orders, partner, settling, evolving, triggered]);
const { shared } = app;
const job = app.jobs.orders ?? expect.fail('the job has no stack');
const settlingStack = app.jobs.settling ?? expect.fail('the job has no stack');
const evolvingStack = app.jobs.evolving ?? expect.fail('the job has no stack');
const triggeredStack = app.jobs.triggered ?? expect.fail('the job has no stack');

const functionsOf = (found: typeof app): Resource[] =>
  templatesOf(found).flatMap((template) => ofType(template, 'AWS::Lambda::Function'));
const everyFunction = functionsOf(app);
const task = (name: string, template = job): Resource =>
  one(template, 'AWS::Lambda::Function', `${template === shared ? '' : 'JobTasks'}${name}Function`);
const rightsOf = (resource: Resource, found = app) => statementsOf(found, roleOf(resource.properties.Role));

const folders = readdirSync(join(root, 'tasks'), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const pascal = (folder: string): string =>
  folder.replace(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase());

/** There is one of each for all jobs. */
const ofAllJobs = ['sweep', 'watch'];
/** Only jobs with a policy for repeated keys have these. */
const ofKeys = ['keys', 'settle'];
/** Only jobs have these whose slices decide their columns. */
const ofColumns = ['survey', 'columns'];
function templateOf(folder: string) {
  if (ofAllJobs.includes(folder)) return shared;
  if (folder === 'trigger') return triggeredStack;
  if (ofKeys.includes(folder)) return settlingStack;
  return ofColumns.includes(folder) ? evolvingStack : job;
}

describe.each(folders)('the task %s', (folder) => {
  const resource = task(pascal(folder), templateOf(folder));

  test('has in its environment exactly what its contract says that its handler reads', async () => {
    const { environment } = (await import(join(root, 'tasks', folder, 'contract.ts'))) as {
      environment: readonly string[];
    };
    const given: Record<string, string> = resource.properties.Environment.Variables;
    expect(Object.keys(given).sort()).toEqual([...environment].sort());
    for (const [name, value] of Object.entries(given)) {
      expect(variables, name).toContain(name);
      expect(value, name).not.toBe('');
    }
  });

  test('has a role and a log group that no other has', () => {
    const { Role, LoggingConfig } = resource.properties;
    const others = everyFunction.filter((other) => other !== resource);
    expect(others.filter(({ properties }) => properties.Role === Role)).toEqual([]);
    expect(
      others.filter(({ properties }) => properties.LoggingConfig.LogGroup === LoggingConfig.LogGroup),
    ).toEqual([]);
  });

  test('runs on Node 22 and logs JSON that is not kept for ever', () => {
    const { Runtime, LoggingConfig, Handler } = resource.properties;
    expect({ Runtime, Handler, format: LoggingConfig.LogFormat }).toEqual({
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      format: 'JSON',
    });
    const group = templatesOf(app)
      .flatMap((template) => ofType(template, 'AWS::Logs::LogGroup'))
      .find((each) => ref(each) === LoggingConfig.LogGroup);
    expect(group?.properties.RetentionInDays).toBe(production.retention.logs);
  });
});

test('there is a function for each task of a job, and one sweeper and one watch for all; those for keys, for columns and for triggers where a job has use for them', () => {
  const all = folders.length - ofAllJobs.length - 1;
  const count = (template: typeof job) => ofType(template, 'AWS::Lambda::Function').length;
  expect(count(settlingStack)).toBe(all - ofColumns.length);
  expect(count(evolvingStack)).toBe(all - ofKeys.length);
  expect(count(job)).toBe(all - ofKeys.length - ofColumns.length);
  expect(count(triggeredStack)).toBe(count(job) + 1);
  expect(everyFunction.length).toBe(
    3 * count(job) + 1 + count(settlingStack) + count(evolvingStack) + ofAllJobs.length,
  );
});

test('only who reads records or expressions has the DuckDB layer', () => {
  const layered = everyFunction.filter(({ properties }) => properties.Layers !== undefined);
  const layeredOf = ({ job: { name } }: typeof orders) =>
    layered
      .filter(({ stack }) => stack.endsWith(`-job-${name}`))
      .map(({ id }) => id.replace(/^JobTasks|Function.*/g, ''))
      .sort();
  expect([orders, partner, triggered, settling, evolving].map(layeredOf)).toEqual([
    ['Envelope'],
    ['Envelope'],
    ['Envelope'],
    ['Envelope', 'Settle'],
    ['Columns', 'Envelope', 'Survey'],
  ]);
  const [envelope] = layered;
  expect(envelope?.properties.Layers).toEqual([ref(one(shared, 'AWS::Lambda::LayerVersion'))]);
});

describe('bundles', () => {
  const folderOf = bundleTasks();
  const bundles = [...folderOf].map(([task, folder]) => ({
    ...{ task, text: readFileSync(join(folder, 'index.js'), 'utf8') },
  }));
  rmSync(dirname(folderOf.get('envelope') ?? ''), { recursive: true });
  const naming = (text: string) =>
    bundles.flatMap((bundle) => (bundle.text.includes(text) ? [bundle.task] : []));

  test('of functions with the layer alone ask for DuckDB', () => {
    expect(naming('@duckdb/').sort()).toEqual(['columns', 'envelope', 'settle', 'survey']);
  });

  test('carry the clients of the services that their function talks to, and of no other', () => {
    // As a service is named in the requests to it.
    expect(naming('AWSGlue').sort()).toEqual(['catalog', 'columns', 'sweep']);
    // The commands alone ask for stacks.
    expect(naming('DescribeStacks')).toEqual([]);
  });
});

test('a function that a machine calls is published, and its version outlives the next deploy', () => {
  const called = ofType(settlingStack, 'AWS::Lambda::Function').filter(
    ({ id }) => !id.startsWith('JobTasksWriteLake'),
  );
  const published = ofType(settlingStack, 'AWS::Lambda::Version');
  expect(new Set(published.map(({ properties }) => properties.FunctionName))).toEqual(
    new Set(called.map(ref)),
  );
  for (const { id, deletionPolicy } of published) expect(deletionPolicy, id).toBe('Retain');
});

test("no function may do anything on every resource, and none has a service's every action", () => {
  for (const resource of everyFunction) {
    for (const { actions, resources } of rightsOf(resource)) {
      // X-Ray knows no resources.
      if (actions.every((each) => each.startsWith('xray:Put'))) continue;
      expect(resources, resource.id).not.toContain('*');
      expect(
        actions.filter((action) => /^\*|:\*$/.test(action)),
        resource.id,
      ).toEqual([]);
    }
  }
});

test('on the local cloud alone the writer may answer any task: it authorizes these calls on no machine', () => {
  const onLaptop = synthesize({ ...local, buckets: config.buckets }, [orders]);
  const wide = functionsOf(onLaptop).flatMap((resource) =>
    rightsOf(resource, onLaptop)
      .filter(({ resources }) => resources.includes('*'))
      .map(({ actions }) => ({
        id: resource.id.replace(/Function.*/, ''),
        actions: actions.filter((each) => !each.startsWith('xray:Put')).sort(),
      }))
      .filter(({ actions }) => actions.length > 0),
  );
  const answers = ['states:SendTaskFailure', 'states:SendTaskSuccess'];
  expect(wide).toEqual([{ id: 'JobTasksWriteLake', actions: answers }]);
  const onAws = rightsOf(task('WriteLake')).filter(({ actions }) =>
    actions.includes('states:SendTaskSuccess'),
  );
  expect(onAws.map(({ resources }) => resources)).toEqual([
    ['arn:aws:states:eu-central-1:123456789012:stateMachine:forebay-production-orders'],
  ]);
});

const machineIds = ['JobMachine', 'JobBackfill'];

test.each(machineIds)(
  'a machine has rights on every resource only where AWS knows no narrower: log delivery and traces: %s',
  (id) => {
    const { RoleArn } = one(job, 'AWS::StepFunctions::StateMachine', id).properties;
    const wide = statementsOf(app, roleOf(RoleArn)).filter(({ resources }) => resources.includes('*'));
    const services = new Set(wide.flatMap(({ actions }) => actions.map((action) => action.split(':')[0])));
    expect(services).toEqual(new Set(['logs', 'xray']));
  },
);

test.each(machineIds)("a machine reads its own job's listings, and no other object: %s", (id) => {
  const { RoleArn } = one(job, 'AWS::StepFunctions::StateMachine', id).properties;
  const reading = statementsOf(app, roleOf(RoleArn)).filter(({ actions }) =>
    actions.some((each) => each.startsWith('s3:')),
  );
  const ops = one(shared, 'AWS::S3::Bucket', 'ZonesOps');
  expect(reading).toEqual([
    { actions: ['s3:GetObject'], resources: [`${attribute(ops, 'Arn')}/staging/orders/*`], conditions: {} },
  ]);
});

test("the machine of backfills runs its own job's machine, and may look at and stop what it started", () => {
  const { RoleArn } = one(job, 'AWS::StepFunctions::StateMachine', 'JobBackfill').properties;
  const states = statementsOf(app, roleOf(RoleArn)).filter(({ actions }) =>
    actions.some((each) => each.startsWith('states:')),
  );
  const names = states.flatMap(({ actions, resources }) =>
    resources.map((on) => [actions.join(' '), on.replace(/^arn:.*:(execution|stateMachine):/, '')]),
  );
  const [own, runs] = ['JobBackfill', 'JobMachine'].map((each) =>
    ref(one(job, 'AWS::StepFunctions::StateMachine', each)),
  );
  const executions = 'states:DescribeExecution states:StopExecution';
  expect(names).toContainEqual(['states:StartExecution', runs]);
  expect(names).toContainEqual([executions, 'forebay-production-orders:*']);
  // All else is what AWS asks of a machine with a Distributed Map, on itself.
  const more = names.filter(([, on]) => on !== runs && on !== 'forebay-production-orders:*');
  for (const [, on] of more) expect(on).toMatch(new RegExp(`^${own}|JobBackfill`));
});

test('who begins and ends slices of a backfill writes what became of them, and neither slices nor runs', () => {
  const ofRecord = { table: 'Runs', actions: ['GetItem'], keys: 'JOB#orders' };
  const ofOutcome = { table: 'Runs', actions: ['PutItem'], keys: 'RUN#*' };
  const rights = (name: string) =>
    ledgerRights(task(name)).map(({ keys, ...each }) => ({ ...each, keys: [keys].flat().join() }));
  expect(rights('EndSlice')).toEqual([ofRecord, ofOutcome]);
  expect(rights('BeginSlice')).toEqual([
    ofRecord,
    ofOutcome,
    { table: 'Slices', actions: ['GetItem'], keys: 'JOB#orders' },
  ]);
});

test("a job's functions reach objects of their own job alone, and no whole bucket", () => {
  for (const [name, template] of Object.entries(app.jobs)) {
    for (const resource of ofType(template, 'AWS::Lambda::Function')) {
      const reached = rightsOf(resource).filter(({ actions }) =>
        actions.some((each) => /^s3:(Get|Put)/.test(each)),
      );
      for (const object of reached.flatMap(({ resources }) => resources)) {
        // The asset that OpenRun pins, and the prefix that the job file names, are each a job's own, too.
        const own = new RegExp(
          `>/(raw|unpacked|staging|rejects|manifests|backfills|jobs|lake)/${name}/|>/${name}/|/[0-9a-f]{64}\\.json$`,
        );
        const source = `arn:aws:s3:::${bucketOfPartner.bucket}/out/*`;
        expect(
          own.test(object) || (name === 'partner' && object === source),
          `${resource.id} ${object}`,
        ).toBe(true);
      }
    }
  }
});

test("whoever may read or write a zone's objects may use its key, and no other key", () => {
  for (const resource of everyFunction) {
    const zonesOf = (kind: RegExp, action: RegExp) =>
      new Set(
        rightsOf(resource)
          .filter(({ actions }) => actions.some((each) => action.test(each)))
          .flatMap(({ resources }) => resources)
          .flatMap((each) => each.match(kind)?.[1] ?? []),
      );
    const read = zonesOf(/Zones(Inbox|Raw|Lake|Ops)[0-9A-F]{8}/, /^s3:GetObject$/);
    const written = zonesOf(/Zones(Inbox|Raw|Lake|Ops)[0-9A-F]{8}/, /^s3:PutObject$/);
    const key = /Zones(Inbox|Raw|Lake|Ops)Key/;
    expect(zonesOf(key, /^kms:Decrypt$/), resource.id).toEqual(new Set([...read, ...written]));
    expect(zonesOf(key, /^kms:GenerateDataKey/), resource.id).toEqual(written);
  }
});

test('nothing but Extract writes into the raw zone, and nothing but the writer into the lake', () => {
  const writing = (zone: string) =>
    ofType(settlingStack, 'AWS::Lambda::Function')
      .filter((resource) =>
        rightsOf(resource).some(
          ({ actions, resources }) =>
            actions.includes('s3:PutObject') && resources.some((each) => each.includes(`Zones${zone}`)),
        ),
      )
      .map(({ id }) => id.replace(/Function.*/, ''));
  expect(writing('Raw')).toEqual(['JobTasksExtract']);
  expect(writing('Lake')).toEqual(['JobTasksWriteLake']);
  expect(writing('Inbox')).toEqual([]);
});

test('nothing may delete an object, an item, a table or a message but the mappings of queues', () => {
  const deleting = everyFunction.flatMap((resource) =>
    rightsOf(resource).flatMap(({ actions }) =>
      actions
        .filter((action) => /Delete|Purge/.test(action))
        .map((action) => `${resource.id.replace(/Function.*/, '')} ${action}`),
    ),
  );
  const mappings = ['JobTasksWriteLake sqs:DeleteMessage', 'JobTasksTrigger sqs:DeleteMessage'];
  expect(new Set(deleting)).toEqual(new Set(mappings));
});

test('who must be told that an object is missing may list below its prefix, since S3 says "forbidden" else', () => {
  const listing = (resource: Resource) =>
    rightsOf(resource)
      .filter(({ actions }) => actions.includes('s3:ListBucket'))
      .map(({ resources, conditions }) => ({
        bucket: resources.map((each) => each.match(/Zones(\w+?)[0-9A-F]{8}/)?.[1] ?? each),
        below: conditions.StringLikeIfExists?.['s3:prefix'],
      }));
  expect(listing(task('OpenRun'))).toEqual([{ bucket: ['Ops'], below: 'jobs/orders/*' }]);
  const staging = { bucket: ['Ops'], below: 'staging/orders/*' };
  expect(listing(task('Plan'))).toEqual([staging]);
  expect(listing(task('Envelope'))).toEqual([staging]);
  expect(listing(task('Discover')).filter(({ below }) => below !== undefined)).toEqual([staging]);
  expect(listing(task('Columns', evolvingStack))).toEqual([{ bucket: ['Ops'], below: 'staging/evolving/*' }]);
  expect(listing(task('Extract'))).toEqual([
    { bucket: ['Inbox'], below: 'orders/*' },
    staging,
    { bucket: ['Raw'], below: 'raw/orders/*' },
  ]);
});

test('a job that reads a bucket of another account reaches its prefix, its key, and that account alone', () => {
  const template = app.jobs.partner ?? job;
  const own = 'arn:aws:s3:::partner-bucket';
  const owner = { StringEquals: { 's3:ResourceAccount': bucketOfPartner.account } };
  const onSource = (name: string) =>
    rightsOf(task(name, template)).filter(({ resources }) =>
      resources.some((each) => !/</.test(each) && /partner-bucket|210987654321/.test(each)),
    );
  expect(onSource('Discover')).toEqual([
    {
      actions: ['s3:ListBucket'],
      resources: [own],
      conditions: { StringLike: { 's3:prefix': 'out/*' }, ...owner },
    },
  ]);
  const reading = onSource('Extract');
  expect(reading).toContainEqual({
    actions: ['s3:GetObject', 's3:GetObjectVersion'],
    resources: [`${own}/out/*`],
    conditions: owner,
  });
  expect(
    reading.filter(({ actions }) => actions.includes('kms:Decrypt')).flatMap(({ resources }) => resources),
  ).toContain(bucketOfPartner.keyArn);
  expect(task('Discover', template).properties.Environment.Variables.SOURCE_BUCKET).toBe('partner-bucket');
});

test('a job whose bucket no stage maps is told so, with the names that there are', () => {
  expect(() =>
    synthesize(production, [
      { ...partner, job: { ...partner.job, source: { kind: 's3', bucket: 'nowhere', prefix: '' } } },
    ]),
  ).toThrow(
    /jobs\/partner\.ts: source\.bucket is "nowhere".*in stage production \(there are: partner-files\)/,
  );
});

/** A job of each rule that takes a key, beside those without any. */
const guarded = synthesize(config, [
  orders,
  await ordersJob({ name: 'masking', privacy: { note: 'mask', email: { rule: 'truncate', to: 3 } } }),
  await ordersJob({ name: 'tokens', privacy: { email: { rule: 'tokenise', scope: 'job' } } }),
  await ordersJob({
    name: 'joined',
    privacy: { email: { rule: 'tokenise', scope: 'shared' }, note: 'hash' },
  }),
  await ordersJob({ name: 'sealed', privacy: { email: 'encrypt' } }),
  await settlingJob(),
]);

/** Who may do what of a service, or with a resource, in all the app. */
const rightsWhere = (found: typeof app, pick: (action: string, resource: string) => boolean) =>
  functionsOf(found).flatMap((resource) =>
    rightsOf(resource, found).flatMap(({ actions, resources, conditions }) =>
      actions.flatMap((action) =>
        resources.flatMap((on) =>
          pick(action, on)
            ? [{ of: `${resource.stack} ${resource.id.replace(/Function.*/, '')}`, action, on, conditions }]
            : [],
        ),
      ),
    ),
  );

test("a secret is read by who envelopes alone, and only those that its job's rules name", () => {
  const parameter = (name: string) =>
    `arn:aws:ssm:eu-central-1:123456789012:parameter/forebay/production/${name}`;
  const reading = rightsWhere(guarded, (action) => action.startsWith('ssm:'));
  expect(reading.map(({ of, action, on }) => [of, action, on])).toEqual([
    ['Forebay-production-job-orders JobTasksEnvelope', 'ssm:GetParameter', parameter('orders/hash-key')],
    ['Forebay-production-job-tokens JobTasksEnvelope', 'ssm:GetParameter', parameter('tokens/token-key')],
    ['Forebay-production-job-joined JobTasksEnvelope', 'ssm:GetParameter', parameter('_shared/token-key')],
    ['Forebay-production-job-joined JobTasksEnvelope', 'ssm:GetParameter', parameter('joined/hash-key')],
    ['Forebay-production-job-settling JobTasksEnvelope', 'ssm:GetParameter', parameter('settling/hash-key')],
    ['Forebay-production-job-settling JobTasksSettle', 'ssm:GetParameter', parameter('settling/hash-key')],
  ]);
});

const privacyKey = attribute(one(guarded.shared, 'AWS::KMS::Key', 'PrivacyKey'), 'Arn');

test('the key of encrypted columns makes data keys for the Envelope of a job that encrypts, for that job; no function unwraps one', () => {
  expect(rightsWhere(guarded, (_, on) => on === privacyKey)).toEqual([
    {
      of: 'Forebay-production-job-sealed JobTasksEnvelope',
      action: 'kms:GenerateDataKey',
      on: privacyKey,
      conditions: { StringEquals: { 'kms:EncryptionContext:forebay:job': 'sealed' } },
    },
  ]);
  // Nor does a pattern reach it.
  const patterns = rightsWhere(guarded, (action, on) => action.startsWith('kms:') && on.includes('*'));
  expect(patterns).toEqual([]);
});

test('the local cloud, which knows no conditions on encryption contexts, has none', async () => {
  const here = synthesize(local, [await ordersJob({ privacy: { email: 'encrypt' } })]);
  const key = attribute(one(here.shared, 'AWS::KMS::Key', 'PrivacyKey'), 'Arn');
  const rights = rightsWhere(here, (_, on) => on === key);
  expect(rights.map(({ action, conditions }) => [action, conditions])).toEqual([['kms:GenerateDataKey', {}]]);
});

test("an Envelope reads back what a failed run of its job made of a shard, and nothing else of staging but the slice's columns", () => {
  const back = (name: string) =>
    rightsOf(task('Envelope', guarded.jobs[name]), guarded)
      .filter(({ actions }) => actions.includes('s3:GetObject'))
      .flatMap(({ resources }) => resources.flatMap((on) => /(staging|rejects)\/.*$/.exec(on)?.[0] ?? []));
  for (const name of ['orders', 'sealed', 'settling']) {
    expect(new Set(back(name)), name).toEqual(
      new Set([`staging/${name}/*/batches/*`, `staging/${name}/*/keys/*`, `rejects/${name}/*`]),
    );
  }
});

test('the key of encrypted columns rotates, has its alias, and outlives its stack where data does', async () => {
  const key = one(guarded.shared, 'AWS::KMS::Key', 'PrivacyKey');
  expect(key.properties.EnableKeyRotation).toBe(true);
  expect(key.deletionPolicy).toBe('Retain');
  expect(ofType(guarded.shared, 'AWS::KMS::Alias').map(({ properties }) => properties)).toEqual([
    { AliasName: 'alias/forebay-production-privacy', TargetKeyId: attribute(key, 'Arn') },
  ]);
});

/** What a job's function may do in the ledger, by table, with the partition keys that it may do it to. */
const ledgerRights = (resource: Resource) =>
  rightsOf(resource)
    .filter(({ actions }) => actions.some((each) => each.startsWith('dynamodb:')))
    .flatMap(({ actions, resources, conditions }) =>
      resources.map((table) => ({
        table: table.match(/Ledger(Slices|Runs)[0-9A-F]{8}\.Arn>$/)?.[1] ?? table,
        actions: actions.map((each) => each.replace('dynamodb:', '')).sort(),
        keys: conditions['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? 'any',
      })),
    )
    .sort((a, b) => a.table.localeCompare(b.table));

const beforeOf: Record<string, string[]> = { triggered: ['JOB#orders'] };

test("a job's functions reach its own items of the ledger, and no other job's (the local cloud looks at tables alone)", () => {
  for (const [name, template] of Object.entries(app.jobs)) {
    for (const resource of ofType(template, 'AWS::Lambda::Function')) {
      const rights = ledgerRights(resource);
      expect(rights.length, resource.id).toBeGreaterThan(0);
      for (const { table, actions, keys } of rights) {
        // What comes before a job is read by whoever starts that job behind it.
        const before = keys === 'any' || actions.join() !== 'Query' ? [] : (beforeOf[name] ?? []);
        const own = [`JOB#${name}`, ...(table === 'Runs' ? ['RUN#*'] : []), ...before];
        expect(own, `${resource.id} ${table}`).toEqual(expect.arrayContaining([keys].flat()));
      }
    }
  }
});

test('who works on one object or shard writes its outcome, and can touch neither run nor slice', () => {
  const ofOutcomes = { table: 'Runs', keys: ['RUN#*'] };
  for (const name of ['Extract', 'RecordFailure']) {
    expect(ledgerRights(task(name)), name).toEqual([{ ...ofOutcomes, actions: ['PutItem'] }]);
  }
  expect(ledgerRights(task('Envelope'))).toEqual([{ ...ofOutcomes, actions: ['GetItem', 'PutItem'] }]);
});

test('who settles keys reads outcomes and writes its own, and can touch neither run nor slice', () => {
  const rights = (name: string) => ledgerRights(task(name, settlingStack));
  const ofOutcomes = { table: 'Runs', keys: ['RUN#*'] };
  expect(rights('Keys')).toEqual([{ ...ofOutcomes, actions: ['PutItem', 'Query'] }]);
  expect(rights('Settle')).toEqual([{ ...ofOutcomes, actions: ['GetItem', 'PutItem', 'Query'] }]);
});

test('a survey reads raw bytes and writes beside them, and a decision reads the one table that it is about', () => {
  const objects = (name: string, action: RegExp) =>
    rightsOf(task(name, evolvingStack))
      .filter(({ actions }) => actions.some((each) => action.test(each)))
      .flatMap(({ resources }) => resources.map((each) => each.replace(/^.*?>[/]/, '')));
  expect(objects('Survey', /^s3:Get/).sort()).toEqual([
    'jobs/evolving/*',
    'raw/evolving/*',
    'unpacked/evolving/*',
  ]);
  expect(objects('Survey', /^s3:Put/)).toEqual(['staging/evolving/*/surveys/*']);
  expect(ledgerRights(task('Survey', evolvingStack))).toEqual([
    { table: 'Runs', actions: ['PutItem'], keys: ['RUN#*'] },
  ]);
  expect(objects('Columns', /^s3:Get/).sort()).toEqual(['jobs/evolving/*', 'staging/evolving/*']);
  expect(objects('Columns', /^s3:Put/)).toEqual(['staging/evolving/*/columns.json*']);
  expect(ledgerRights(task('Columns', evolvingStack)).map(({ table, actions }) => [table, actions])).toEqual([
    ['Runs', ['Query', 'UpdateItem']],
  ]);
  const glue = rightsOf(task('Columns', evolvingStack)).flatMap(({ actions }) =>
    actions.filter((each) => each.startsWith('glue:')),
  );
  expect(glue).toEqual(['glue:GetTable']);
});

test('Reconcile writes the manifest and the list of what failed, and nothing else', () => {
  const writes = rightsOf(task('Reconcile'))
    .filter(({ actions }) => actions.includes('s3:PutObject'))
    .flatMap(({ resources }) => resources.map((each) => each.replace(/^.*?>[/]/, '')));
  expect(writes.sort()).toEqual(['manifests/orders/*', 'staging/orders/*/failures.json*']);
});

test('an Envelope reads what was decided of its columns only where slices decide them', () => {
  const reads = (template: typeof job) =>
    rightsOf(task('Envelope', template))
      .filter(({ actions }) => actions.includes('s3:GetObject'))
      .flatMap(({ resources }) => resources.filter((each) => each.includes('columns.json')));
  expect(reads(job)).toEqual([]);
  expect(reads(evolvingStack)).toEqual([
    expect.stringMatching(/[/]staging[/]evolving[/][*][/]columns[.]json[*]$/),
  ]);
});

test('every function is traced, and may send its traces', () => {
  for (const resource of everyFunction) {
    expect(resource.properties.TracingConfig, resource.id).toEqual({ Mode: 'Active' });
    const traces = rightsOf(resource).filter(({ resources }) => resources.includes('*'));
    expect(traces.flatMap(({ actions }) => actions).sort(), resource.id).toEqual([
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  }
});

test('the watch reads the ledger of all jobs, and may do nothing else but trace and log', () => {
  const watch = task('Watch', shared);
  expect(ledgerRights(watch)).toEqual([
    { table: 'Runs', actions: ['Query'], keys: 'any' },
    { table: 'Slices', actions: ['GetItem', 'Query'], keys: 'any' },
  ]);
  const services = rightsOf(watch).flatMap(({ actions }) => actions.map((each) => each.split(':')[0]));
  expect(new Set(services)).toEqual(new Set(['logs', 'xray', 'dynamodb']));
});

test('who starts runs counts in the slices of its own job, reads those of the jobs before, and sees no object', () => {
  const trigger = task('Trigger', triggeredStack);
  expect(ledgerRights(trigger)).toEqual([
    { table: 'Slices', actions: ['GetItem', 'Query', 'UpdateItem'], keys: ['JOB#triggered'] },
    { table: 'Slices', actions: ['Query'], keys: ['JOB#orders'] },
  ]);
  const others = rightsOf(trigger).flatMap(({ actions, resources, conditions }) =>
    /^(dynamodb|logs|xray):/.test(actions[0] ?? '')
      ? []
      : [[actions.join(), resources.map((each) => each.replace(/^.*[/]/, '')).join(), conditions]],
  );
  expect(others).toEqual([
    [
      'sqs:ChangeMessageVisibility,sqs:DeleteMessage,sqs:GetQueueAttributes,sqs:GetQueueUrl,sqs:ReceiveMessage,sqs:SendMessage',
      expect.stringMatching(/^JobTriggersQueue\w+\.Arn>$/),
      {},
    ],
    ['states:StartExecution', expect.stringMatching(/:forebay-production-triggered$/), {}],
    ['s3:ListBucket', expect.stringMatching(/^ZonesInbox/), { StringLike: { 's3:prefix': 'triggered/*' } }],
  ]);
});

test('only who takes, closes or fails a run may write slices, and who counts what asks for one', () => {
  const inQuestion = [...ofType(settlingStack, 'AWS::Lambda::Function'), task('Trigger', triggeredStack)];
  const writing = inQuestion.filter((resource) =>
    ledgerRights(resource).some(
      ({ table, actions }) => table === 'Slices' && actions.some((each) => /Put|Update/.test(each)),
    ),
  );
  expect(writing.map(({ id }) => id.replace(/^JobTasks|Function.*/g, '')).sort()).toEqual([
    'CloseRun',
    'FailRun',
    'OpenRun',
    'Trigger',
  ]);
});

test("nobody but Catalog, Columns and the sweeper touches the catalog: a job's own table, by name", () => {
  const touching = everyFunction.flatMap((resource) =>
    rightsOf(resource)
      .filter(({ actions }) => actions.some((each) => each.startsWith('glue:')))
      .map(({ resources }) => [
        resource.id.replace(/Function.*/, ''),
        resources.map((each) => each.split(':')[5]),
      ]),
  );
  const database = ['catalog', 'database/forebay_production'];
  // A run of the former job version may still be on its way.
  const bothVersions = ['table/forebay_production/evolving', 'table/forebay_production/evolving__v2'];
  expect(touching).toEqual([
    ['Sweep', [...database, 'table/forebay_production/*']],
    ['JobTasksCatalog', [...database, 'table/forebay_production/orders']],
    ['JobTasksCatalog', [...database, 'table/forebay_production/partner']],
    ['JobTasksCatalog', [...database, 'table/forebay_production/settling']],
    ['JobTasksCatalog', [...database, ...bothVersions]],
    ['JobTasksColumns', [...database, ...bothVersions]],
    ['JobTasksCatalog', [...database, 'table/forebay_production/triggered']],
  ]);
});
