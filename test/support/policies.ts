/** What roles may do, by the policies of a synthesized app. Conditions are left to who asks. */
import { type Json, ofType, ref, type Synthesized, type Template } from './app.ts';

export interface Statement {
  actions: string[];
  resources: string[];
  conditions: Json;
}

const list = (value: Json): string[] => (Array.isArray(value) ? value : [value]);

export const templatesOf = ({ shared, jobs }: Synthesized): Template[] => [shared, ...Object.values(jobs)];

/** All that a role is allowed: `role` as its policies name it, `<stack/Role>`. */
export function statementsOf(app: Synthesized, role: string): Statement[] {
  return templatesOf(app)
    .flatMap((template) => ofType(template, 'AWS::IAM::Policy'))
    .filter(({ properties }) => properties.Roles.includes(role))
    .flatMap(({ properties }) => properties.PolicyDocument.Statement as Json[])
    .filter(({ Effect }) => Effect === 'Allow')
    .map(({ Action, Resource, Condition }) => ({
      actions: list(Action),
      resources: list(Resource),
      conditions: Condition ?? {},
    }));
}

export const allows = (app: Synthesized, role: string, action: string, resource: string): boolean =>
  statementsOf(app, role).some(
    ({ actions, resources }) =>
      actions.some((each) => matches(each, action)) && resources.some((each) => matches(each, resource)),
  );

/** IAM's wildcard: `*` stands for any text. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}

/** `<stack/Role.Arn>` as policies name the role. */
export const roleOf = (arn: string): string => arn.replace(/\.Arn>$/, '>');

/** The names of the services that may assume a role. */
export function trustedBy(app: Synthesized, role: string): string[] {
  const found = templatesOf(app)
    .flatMap((template) => ofType(template, 'AWS::IAM::Role'))
    .find((each) => ref(each) === role);
  const statements: Json[] = found?.properties.AssumeRolePolicyDocument.Statement ?? [];
  return statements.map(({ Principal }) => Principal.Service);
}
