import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { logGroupsOf, outputsOfStacks } from '../../../aws/cloudformation.ts';
import { logLines } from '../../../aws/logs.ts';

interface Asked {
  NextToken?: string;
  nextToken?: string;
  logGroupName?: string;
  filterPattern?: string;
  startTime?: number;
  endTime?: number;
}

/** A client that is answered by a function of what it asks. */
function answered<C extends object>(client: C, answer: (input: Asked) => object): C {
  return Object.assign(client, { send: async ({ input }: { input: Asked }) => answer(input) });
}

const settings = { region: 'eu-west-1' };
const time = (seconds: number) => Date.UTC(2026, 2, 2, 12, 0, seconds);

test("a run's lines come from all log groups and all of their pages, in the order of time", async () => {
  const asked: Asked[] = [];
  const client = answered(new CloudWatchLogsClient(settings), (input) => {
    asked.push(input);
    if (input.logGroupName === 'b') return { events: [{ timestamp: time(2), message: 'b2' }] };
    return input.nextToken === undefined
      ? { events: [{ timestamp: time(1), message: 'a1' }], nextToken: 'more' }
      : { events: [{ timestamp: time(3), message: 'a3' }] };
  });
  const window = { from: '2026-03-02T11:59:00.000Z', to: '2026-03-02T12:20:00.000Z' };
  const found = await logLines(client, { groups: ['a', 'b'], text: '019d-3f5e', ...window });
  expect(found.map(({ at, text }) => [at, text])).toEqual([
    ['2026-03-02T12:00:01.000Z', 'a1'],
    ['2026-03-02T12:00:02.000Z', 'b2'],
    ['2026-03-02T12:00:03.000Z', 'a3'],
  ]);
  // A hyphen outside of quotes leaves out what is behind it.
  expect(asked[0]).toMatchObject({
    ...{ filterPattern: '"019d-3f5e"', startTime: time(-60), endTime: time(20 * 60) },
  });
});

test('the jobs of a stage are found by their stacks, page by page; those that are deleted are not', async () => {
  const stack = (StackName: string, StackStatus = 'CREATE_COMPLETE') => ({
    ...{ StackName, StackStatus, Outputs: [{ OutputKey: 'LakeDlqUrl', OutputValue: `of ${StackName}` }] },
  });
  const client = answered(new CloudFormationClient(settings), ({ NextToken }) =>
    NextToken === undefined
      ? { Stacks: [stack('Forebay-local-job-orders'), stack('Forebay-local')], NextToken: 'more' }
      : { Stacks: [stack('Forebay-local-job-gone', 'DELETE_COMPLETE'), stack('Forebay-local-job-rates')] },
  );
  expect([...(await outputsOfStacks(client, 'Forebay-local-job-'))]).toEqual([
    ['Forebay-local-job-orders', { LakeDlqUrl: 'of Forebay-local-job-orders' }],
    ['Forebay-local-job-rates', { LakeDlqUrl: 'of Forebay-local-job-rates' }],
  ]);
});

test('the log groups of a stack are told by its resources, whatever names they were given', async () => {
  const resource = (ResourceType: string, LogicalResourceId: string) => ({
    ...{ ResourceType, LogicalResourceId, PhysicalResourceId: `name of ${LogicalResourceId}` },
  });
  const client = answered(new CloudFormationClient(settings), ({ NextToken }) =>
    NextToken === undefined
      ? {
          StackResourceSummaries: [
            resource('AWS::Logs::LogGroup', 'SweepLog1'),
            resource('AWS::SQS::Queue', 'SweepQueue'),
          ],
          NextToken: 'more',
        }
      : { StackResourceSummaries: [resource('AWS::Logs::LogGroup', 'WatchLog1')] },
  );
  expect(await logGroupsOf(client, 'Forebay-local')).toEqual(['name of SweepLog1', 'name of WatchLog1']);
  expect(await logGroupsOf(client, 'Forebay-local', 'Sweep')).toEqual(['name of SweepLog1']);
});
