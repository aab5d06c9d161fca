/**
 * What one AWS service needs to be allowed so that it may act on another, derived from what a template says
 * that it does. The local cloud does not check these, so a missing one would first be seen on AWS.
 */
import { bucketsKey, lanesKey, objectsKey, shardsKey } from '../../core/storage.ts';
import { attribute, type Json, ofType, type Resource, ref, type Synthesized, type Template } from './app.ts';
import { statesOf } from './machine.ts';
import { allows, roleOf, templatesOf, trustedBy } from './policies.ts';

/** Each grant that is missing, as a sentence. */
export function missingGrants(app: Synthesized): string[] {
  return templatesOf(app).flatMap((template) => [
    ...ofType(template, 'AWS::StepFunctions::StateMachine').flatMap((machine) =>
      ofMachine(app, machine, jobOf(app, template)),
    ),
    ...ofType(template, 'AWS::Scheduler::Schedule').flatMap((schedule) => ofSchedule(app, schedule)),
    ...ofType(template, 'AWS::Events::Rule').flatMap((rule) => ofRule(app, rule)),
    ...ofType(template, 'AWS::Lambda::EventSourceMapping').flatMap((mapping) => ofMapping(app, mapping)),
    ...ofType(template, 'AWS::CloudWatch::Alarm').flatMap((alarm) => ofAlarm(app, alarm)),
    ...ofType(template, 'AWS::S3::Bucket').flatMap((bucket) => ofAccessLogs(app, bucket)),
  ]);
}

const jobOf = (app: Synthesized, template: Template): string =>
  Object.keys(app.jobs).find((name) => app.jobs[name] === template) ?? '';

const all = (app: Synthesized, type: string): Resource[] =>
  templatesOf(app).flatMap((template) => ofType(template, type));

/** The role needs each action on the resource, and the service must be the one that may assume it. */
function needs(app: Synthesized, role: string, service: string, wanted: Array<[string, string]>): string[] {
  const untrusted = trustedBy(app, role).includes(service) ? [] : [`${role} cannot be assumed by ${service}`];
  const missing = wanted.filter(([action, resource]) => !allows(app, role, action, resource));
  return [...untrusted, ...missing.map(([action, resource]) => `${role} needs ${action} on ${resource}`)];
}

/** Invocations, messages, and per Distributed Map: the listing with its bucket's key, and its children. */
function ofMachine(app: Synthesized, machine: Resource, job: string): string[] {
  const states = statesOf(JSON.parse(machine.properties.DefinitionString)).map(({ is }) => is);
  const wanted: Array<[string, string]> = states.flatMap((is): Array<[string, string]> => {
    if (is.Resource?.includes(':lambda:invoke'))
      return [['lambda:InvokeFunction', is.Arguments.FunctionName]];
    if (is.Resource?.includes(':sqs:sendMessage')) return sendTo(app, is.Parameters.QueueUrl);
    if (is.Resource?.includes(':states:startExecution.sync')) return runOf(app, is.Arguments.StateMachineArn);
    if (is.ItemReader === undefined) return [];
    const { Bucket, 'Key.$': path } = is.ItemReader.Parameters;
    const bucket = referred(app, 'AWS::S3::Bucket', Bucket);
    return [
      ['s3:GetObject', `${attribute(bucket, 'Arn')}/${listingAt(path, job)}`],
      ...keysOf(bucket).map((key): [string, string] => ['kms:Decrypt', key]),
      ['states:StartExecution', ref(machine)],
    ];
  });
  return needs(app, roleOf(machine.properties.RoleArn), 'states.amazonaws.com', wanted);
}

/** To start an execution, to look at it and stop it, and to be told of its end by a rule that AWS gives its name. */
function runOf(app: Synthesized, machine: string): Array<[string, string]> {
  const { account, region } = app.config;
  const { StateMachineName } = referred(app, 'AWS::StepFunctions::StateMachine', machine).properties;
  const execution = `arn:aws:states:${region}:${account}:execution:${StateMachineName}:run-1`;
  const rule = `arn:aws:events:${region}:${account}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`;
  return [
    ['states:StartExecution', machine],
    ...['Describe', 'Stop'].map((verb): [string, string] => [`states:${verb}Execution`, execution]),
    ...['PutTargets', 'PutRule', 'DescribeRule'].map((verb): [string, string] => [`events:${verb}`, rule]),
  ];
}

/** The key of a run's listing, as the task writes it to which the path in the state belongs. */
function listingAt(path: string, job: string): string {
  const keys: Record<string, string> = {
    '$.objects.key': objectsKey(job, 'run-1'),
    '$.shards.key': shardsKey(job, 'run-1'),
    '$.buckets.key': bucketsKey(job, 'run-1'),
    '$.lanes.key': lanesKey(job, 'backfill-1', 1),
  };
  const key = keys[path];
  if (key === undefined) throw new Error(`no task writes a listing's key to ${path}`);
  return key;
}

function referred(app: Synthesized, type: string, reference: string): Resource {
  const found = all(app, type).find((each) => ref(each) === reference);
  if (found === undefined) throw new Error(`${reference} is no ${type} of the app`);
  return found;
}

/** The customer keys of a bucket. */
function keysOf({ properties }: Resource): string[] {
  const rules: Json[] = properties.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
  return rules.flatMap(
    ({ ServerSideEncryptionByDefault }) => ServerSideEncryptionByDefault.KMSMasterKeyID ?? [],
  );
}

function sendTo(app: Synthesized, queueUrl: string): Array<[string, string]> {
  const queue = referred(app, 'AWS::SQS::Queue', queueUrl);
  const key = queue.properties.KmsMasterKeyId;
  const send: Array<[string, string]> = [['sqs:SendMessage', attribute(queue, 'Arn')]];
  return key === undefined ? send : [...send, ['kms:GenerateDataKey', key], ['kms:Decrypt', key]];
}

function ofSchedule(app: Synthesized, { properties: { Target } }: Resource): string[] {
  const isMachine = all(app, 'AWS::StepFunctions::StateMachine').some((each) => ref(each) === Target.Arn);
  const action = isMachine ? 'states:StartExecution' : 'lambda:InvokeFunction';
  return needs(app, roleOf(Target.RoleArn), 'scheduler.amazonaws.com', [
    [action, Target.Arn],
    ['sqs:SendMessage', Target.DeadLetterConfig.Arn],
  ]);
}

/** EventBridge has no role here: the function and the queue say themselves who may come. */
function ofRule(app: Synthesized, rule: Resource): string[] {
  const source = attribute(rule, 'Arn');
  /** A queue lets the rule leave a message. */
  const takes = (queue: string): boolean =>
    all(app, 'AWS::SQS::QueuePolicy')
      .flatMap(({ properties }) => properties.PolicyDocument.Statement as Json[])
      .some(
        ({ Effect, Action, Principal, Resource: resource, Condition }) =>
          Effect === 'Allow' &&
          [Action].flat().includes('sqs:SendMessage') &&
          Principal.Service === 'events.amazonaws.com' &&
          resource === queue &&
          Condition.ArnEquals['aws:SourceArn'] === source,
      );
  return (rule.properties.Targets as Json[]).flatMap(({ Arn, DeadLetterConfig }) => {
    const isQueue = all(app, 'AWS::SQS::Queue').some((queue) => attribute(queue, 'Arn') === Arn);
    const invited = all(app, 'AWS::Lambda::Permission').some(
      ({ properties }) =>
        properties.FunctionName === Arn &&
        properties.Action === 'lambda:InvokeFunction' &&
        properties.Principal === 'events.amazonaws.com' &&
        properties.SourceArn === source,
    );
    const dlq = DeadLetterConfig.Arn;
    return [
      ...(invited || (isQueue && takes(Arn)) ? [] : [`${Arn} does not let ${source} come`]),
      ...(takes(dlq) ? [] : [`${dlq} does not let ${source} leave a message`]),
    ];
  });
}

/** CloudWatch has no role either: the topic and its key say themselves that it may come. */
function ofAlarm(app: Synthesized, { id, properties }: Resource): string[] {
  const invites = (statements: Json[], action: string) =>
    statements.some(
      ({ Effect, Action, Principal }) =>
        Effect === 'Allow' &&
        Principal.Service === 'cloudwatch.amazonaws.com' &&
        [Action].flat().includes(action),
    );
  return (properties.AlarmActions as string[]).flatMap((arn) => {
    const topic = referred(app, 'AWS::SNS::Topic', arn);
    const ofTopic = all(app, 'AWS::SNS::TopicPolicy')
      .filter(({ properties: { Topics } }) => Topics.includes(arn))
      .flatMap(({ properties: { PolicyDocument } }) => PolicyDocument.Statement as Json[]);
    const key = all(app, 'AWS::KMS::Key').find(
      (each) => attribute(each, 'Arn') === topic.properties.KmsMasterKeyId,
    );
    const ofKey: Json[] = key?.properties.KeyPolicy.Statement ?? [];
    return [
      ...(invites(ofTopic, 'sns:Publish') ? [] : [`${arn} does not let the alarm ${id} publish`]),
      ...['kms:Decrypt', 'kms:GenerateDataKey*']
        .filter((action) => !invites(ofKey, action))
        .map((action) => `the key of ${arn} does not let the alarm ${id} have ${action}`),
    ];
  });
}

function ofMapping(app: Synthesized, { properties }: Resource): string[] {
  const writer = referred(app, 'AWS::Lambda::Function', properties.FunctionName);
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
  return needs(
    app,
    roleOf(writer.properties.Role),
    'lambda.amazonaws.com',
    actions.map((action) => [action, properties.EventSourceArn]),
  );
}

function ofAccessLogs(app: Synthesized, bucket: Resource): string[] {
  const { DestinationBucketName, LogFilePrefix } = bucket.properties.LoggingConfiguration ?? {};
  if (DestinationBucketName === undefined) return [];
  const granted = all(app, 'AWS::S3::BucketPolicy')
    .filter(({ properties }) => properties.Bucket === DestinationBucketName)
    .flatMap(({ properties }) => properties.PolicyDocument.Statement as Json[])
    .some(
      ({ Effect, Action, Principal, Resource: resource, Condition }) =>
        Effect === 'Allow' &&
        Action === 's3:PutObject' &&
        Principal.Service === 'logging.s3.amazonaws.com' &&
        resource.endsWith(`/${LogFilePrefix}*`) &&
        Condition.ArnLike['aws:SourceArn'] === attribute(bucket, 'Arn'),
    );
  return granted ? [] : [`${DestinationBucketName} does not take the access logs of ${ref(bucket)}`];
}
