import { expect, test } from 'vitest';
import { ofType, one, ordersJob, production, synthesize } from '../support/app.ts';

/** What CloudFormation takes in one stack. */
const maxResources = 500;

test('fifty jobs synthesize in one app, a stack each, all far below the limit of a stack', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `feed-${String(n).padStart(2, '0')}`);
  const jobs = await Promise.all(names.map((name) => ordersJob({ name })));
  const app = synthesize(production, jobs);
  const stacks = [app.shared, ...Object.values(app.jobs)];
  expect(new Set([app.dashboard, ...stacks].map(({ stack }) => stack)).size).toBe(52);
  for (const { stack, resources } of stacks) {
    expect(resources.length, stack).toBeGreaterThan(20);
    expect(resources.length, stack).toBeLessThan(maxResources);
  }
  const machines = Object.values(app.jobs).map(
    (template) => one(template, 'AWS::StepFunctions::StateMachine', 'JobMachine').properties.StateMachineName,
  );
  expect(new Set(machines)).toEqual(new Set(names.map((name) => `forebay-production-${name}`)));
  // What all share does not grow with the jobs.
  const [alone] = jobs;
  const shared = synthesize(production, alone === undefined ? [] : [alone]).shared;
  expect(app.shared.resources).toEqual(shared.resources);
  expect(ofType(app.shared, 'AWS::StepFunctions::StateMachine')).toEqual([]);
}, 240_000);

test('the longest name of a job makes machines whose names Step Functions takes', async () => {
  const name = `a${'b'.repeat(39)}`;
  const template = synthesize(production, [await ordersJob({ name })]).jobs[name];
  const machines = template === undefined ? [] : ofType(template, 'AWS::StepFunctions::StateMachine');
  expect(machines).toHaveLength(2);
  for (const { properties } of machines) expect(properties.StateMachineName.length).toBeLessThanOrEqual(80);
}, 60_000);
