import { expect, test } from 'vitest';
import {
  evolvingJob,
  type Json,
  ofType,
  one,
  ordersJob,
  production,
  type Synthesized,
  settlingJob,
  synthesize,
  triggeredJob,
} from '../support/app.ts';
import { templatesOf } from '../support/policies.ts';
import { missingGrants } from '../support/service-grants.ts';

const app = synthesize(production, [await ordersJob(), await triggeredJob()]);
/** Jobs whose machines have more states. */
const longer = synthesize(production, [await settlingJob(), await evolvingJob()]);

/** The app without the statements that a condition picks. */
function without(pick: (statement: Json) => boolean): Synthesized {
  const copy = structuredClone(app);
  for (const template of templatesOf(copy)) {
    for (const { properties } of template.resources) {
      for (const document of [properties.PolicyDocument, properties.KeyPolicy]) {
        if (document !== undefined)
          document.Statement = document.Statement.filter((each: Json) => !pick(each));
      }
    }
  }
  return copy;
}

const does = (action: string) => (statement: Json) =>
  statement.Effect === 'Allow' && [statement.Action].flat().includes(action);

test('each service is allowed what it does for another', () => {
  expect(missingGrants(app)).toEqual([]);
  expect(missingGrants(longer)).toEqual([]);
});

test('the derivation sees each machine, schedule, rule, mapping, alarm and logged bucket', () => {
  const nothing = missingGrants(without(({ Effect }) => Effect === 'Allow'));
  for (const resource of [
    /MachineRole/,
    /ScheduleRole/,
    /SweepScheduleRole/,
    /WriteLakeRole/,
    /DeliveryDlq/,
    /WatchScheduleRole/,
    /Alarms.* publish/,
    /key of .*Alarms.* have kms:GenerateDataKey/,
    /TriggerRole/,
    /TriggersQueue.* does not let .*Arrivals.* come/,
    /TriggersQueue.* does not let .*After.* come/,
    /TriggersDlq.* does not let .*Arrivals.* leave/,
  ]) {
    expect(
      nothing.some((sentence) => resource.test(sentence)),
      String(resource),
    ).toBe(true);
  }
  expect(nothing.filter((sentence) => sentence.includes('access logs')).length).toBe(4);
});

test.each([
  ['kms:Decrypt', 'needs kms:Decrypt on', 'ZonesOpsKey'],
  ['states:StartExecution', 'needs states:StartExecution on', 'JobMachine'],
  ['states:StopExecution', 'needs states:StopExecution on', 'forebay-production-orders:run-1'],
  ['events:PutRule', 'needs events:PutRule on', 'StepFunctionsGetEventsForStepFunctionsExecutionRule'],
  ['lambda:InvokeFunction', 'needs lambda:InvokeFunction on', 'SweepFunction'],
  ['sqs:SendMessage', 'does not let', 'DeliveryDlq'],
  ['sqs:ReceiveMessage', 'needs sqs:ReceiveMessage on', 'JobLakeQueue'],
])('an app without %s is told', (action, sentence, resource) => {
  const missing = missingGrants(without(does(action)));
  expect(missing.some((each) => each.includes(sentence) && each.includes(resource))).toBe(true);
});

test('a queue with a key of its own would need that key from who sends to it', () => {
  const copy = structuredClone(app);
  const job = copy.jobs.orders ?? expect.fail('the job has no stack');
  one(job, 'AWS::SQS::Queue', 'JobLakeQueue').properties.KmsMasterKeyId = '<key>';
  expect(missingGrants(copy)).toEqual([
    expect.stringMatching(/MachineRole.* needs kms:GenerateDataKey on <key>$/),
    expect.stringMatching(/MachineRole.* needs kms:Decrypt on <key>$/),
  ]);
});

test('a key lets the policies of its account decide, or no grant of a role would count', () => {
  const keys = templatesOf(app).flatMap((template) => ofType(template, 'AWS::KMS::Key'));
  // Of the four zones, of encrypted columns, and of alarms, which alone lets in a service.
  expect(keys.length).toBe(6);
  const [alarms] = keys.filter(({ id }) => id.startsWith('AlarmKey'));
  expect(alarms?.properties.KeyPolicy.Statement.splice(1)).toEqual([
    {
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Resource: '*',
    },
  ]);
  for (const { id, properties } of keys) {
    expect(properties.KeyPolicy.Statement, id).toEqual([
      {
        Action: 'kms:*',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::123456789012:root' },
        Resource: '*',
      },
    ]);
  }
});
