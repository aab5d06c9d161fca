/** Findings of cdk-nag that are meant to be, each with its reason, beside the construct that it is about. */
import { Stack, Validations } from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnPolicy } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/**
 * Says why a policy names resources by a pattern. cdk-nag has one finding a resource, and calls it by the text that
 * the template has for it. That text is settled only when references between stacks are, so it is looked up while
 * the tree is validated, which comes right behind.
 */
export function acknowledgeArns(construct: IConstruct, reason: string, arns: readonly string[]): void {
  whenSettled(construct, reason, () => arns.map((arn) => flat(Stack.of(construct).resolve(arn))));
}

/** The same for policies that the CDK writes: of all that are below this construct, what `covers` picks. */
export function acknowledgeWildcards(
  construct: IConstruct,
  reason: string,
  covers: (resource: string) => boolean,
): void {
  whenSettled(construct, reason, () => resourcesBelow(construct).filter(covers));
}

function whenSettled(construct: IConstruct, reason: string, resources: () => string[]): void {
  construct.node.addValidation({
    validate: () => {
      for (const resource of new Set(resources().filter((each) => each.includes('*')))) {
        acknowledge(construct, `IAM5[Resource::${resource}]`, reason);
      }
      return [];
    },
  });
}

function resourcesBelow(construct: IConstruct): string[] {
  return construct.node
    .findAll()
    .filter((node) => node instanceof CfnPolicy || node instanceof CfnManagedPolicy)
    .flatMap((node) => {
      const { Statement } = Stack.of(node).resolve(node.policyDocument) as PolicyDocument;
      return Statement.flatMap(({ Resource }) => [Resource].flat().map(flat));
    });
}

interface PolicyDocument {
  Statement: Array<{ Resource: unknown }>;
}

/** cdk-nag's rule: references in angle brackets, joins joined, an import by its name, all else as JSON. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll('${', '<').replaceAll('}', '>');
  const [name, argument] = Object.entries(value ?? {})[0] ?? [];
  if (name === 'Ref') return `<${argument}>`;
  if (name === 'Fn::GetAtt') return `<${argument.join('.')}>`;
  if (name === 'Fn::ImportValue') return flat(argument);
  if (name === 'Fn::Sub' && typeof argument === 'string') return flat(argument);
  if (name === 'Fn::Join') return argument[1].map(flat).join(argument[0]);
  return JSON.stringify(value);
}
