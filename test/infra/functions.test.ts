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
const app = synthesize(config, [orders, partner, settling, evolving]);
const { shared } = app;
const job = app.jobs.orders ?? expect.fail('the job has no stack');
const settlingStack = app.jobs.settling ?? expect.fail('the job has no stack');
const evolvingStack = app.jobs.evolving ?? expect.fail('the job has no stack');

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

/** Only jobs with a policy for repeated keys have these. */
const ofKeys = ['keys', 'settle'];
/** Only jobs have these whose slices decide their columns. */
const ofColumns = ['survey', 'columns'];
function templateOf(folder: string) {
  if (folder === 'sweep') return shared;
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

test('there is a function for each task of a job, and one sweeper; those for keys and for columns where a job has use for them', () => {
  const all = folders.length - 1;
  const count = (template: typeof job) => ofType(template, 'AWS::Lambda::Function').length;
  expect(count(settlingStack)).toBe(all - ofColumns.length);
  expect(count(evolvingStack)).toBe(all - ofKeys.length);
  expect(count(job)).toBe(all - ofKeys.length - ofColumns.length);
  expect(everyFunction.length).toBe(2 * count(job) + count(settlingStack) + count(evolvingStack) + 1);
});

test('only who reads records or expressions has the DuckDB layer', () => {
  const layered = everyFunction.filter(({ properties }) => properties.Layers !== undefined);
  const layeredOf = ({ job: { name } }: typeof orders) =>
    layered
      .filter(({ stack }) => stack.endsWith(`-job-${name}`))
      .map(({ id }) => id.replace(/^JobTasks|Function.*/g, ''))
      .sort();
  expect([orders, partner, settling, evolving].map(layeredOf)).toEqual([
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
      .map(({ actions }) => ({ id: resource.id.replace(/Function.*/, ''), actions: [...actions].sort() })),
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

test('a machine has rights on every resource only where AWS knows no narrower: log delivery and traces', () => {
  const { RoleArn } = one(job, 'AWS::StepFunctions::StateMachine').properties;
  const wide = statementsOf(app, roleOf(RoleArn)).filter(({ resources }) => resources.includes('*'));
  const services = new Set(wide.flatMap(({ actions }) => actions.map((action) => action.split(':')[0])));
  expect(services).toEqual(new Set(['logs', 'xray']));
});

test("a machine reads its own job's listings, and no other object", () => {
  const { RoleArn } = one(job, 'AWS::StepFunctions::StateMachine').properties;
  const reading = statementsOf(app, roleOf(RoleArn)).filter(({ actions }) =>
    actions.some((each) => each.startsWith('s3:')),
  );
  const ops = one(shared, 'AWS::S3::Bucket', 'ZonesOps');
  expect(reading).toEqual([
    { actions: ['s3:GetObject'], resources: [`${attribute(ops, 'Arn')}/staging/orders/*`], conditions: {} },
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
          `>/(raw|unpacked|staging|rejects|manifests|jobs|lake)/${name}/|>/${name}/|/[0-9a-f]{64}\\.json$`,
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

test('nothing may delete an object, an item, a table or a message but the mapping of the write queue', () => {
  const deleting = everyFunction.flatMap((resource) =>
    rightsOf(resource).flatMap(({ actions }) =>
      actions
        .filter((action) => /Delete|Purge/.test(action))
        .map((action) => `${resource.id.replace(/Function.*/, '')} ${action}`),
    ),
  );
  expect(new Set(deleting)).toEqual(new Set(['JobTasksWriteLake sqs:DeleteMessage']));
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
  expect(listing(task('Plan'))).toEqual([{ bucket: ['Ops'], below: 'staging/orders/*' }]);
  expect(listing(task('Extract'))).toEqual([{ bucket: ['Inbox'], below: 'orders/*' }]);
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

test('an Envelope reads batches back only where it puts them once, which is where it encrypts', () => {
  const reading = rightsWhere(
    guarded,
    (action, on) => action === 's3:GetObject' && on.includes('staging/') && on.includes('batches'),
  );
  expect(reading.map(({ of, on }) => [of, on.slice(on.indexOf('/staging/'))])).toEqual([
    ['Forebay-production-job-sealed JobTasksEnvelope', '/staging/sealed/*/batches/*'],
  ]);
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

test("a job's functions reach its own items of the ledger, and no other job's (the local cloud looks at tables alone)", () => {
  for (const [name, template] of Object.entries(app.jobs)) {
    for (const resource of ofType(template, 'AWS::Lambda::Function')) {
      const rights = ledgerRights(resource);
      expect(rights.length, resource.id).toBeGreaterThan(0);
      for (const { table, keys } of rights) {
        const own = [`JOB#${name}`, ...(table === 'Runs' ? ['RUN#*'] : [])];
        expect(own, `${resource.id} ${table}`).toEqual(expect.arrayContaining([keys].flat()));
      }
    }
  }
});

test('who works on one object or shard writes its outcome, and can touch neither run nor slice', () => {
  for (const name of ['Extract', 'Envelope', 'RecordFailure']) {
    expect(ledgerRights(task(name)), name).toEqual([
      { table: 'Runs', actions: ['PutItem'], keys: ['RUN#*'] },
    ]);
  }
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

test('only who takes, closes or fails a run may write slices', () => {
  const writing = ofType(settlingStack, 'AWS::Lambda::Function').filter((resource) =>
    ledgerRights(resource).some(
      ({ table, actions }) => table === 'Slices' && actions.some((each) => /Put|Update/.test(each)),
    ),
  );
  expect(writing.map(({ id }) => id.replace(/^JobTasks|Function.*/g, '')).sort()).toEqual([
    'CloseRun',
    'FailRun',
    'OpenRun',
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
  ]);
});
