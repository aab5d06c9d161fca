/** The schemas of Forebay's events in a registry of EventBridge, which makes types for other languages of them. */
import * as schemas from 'aws-cdk-lib/aws-eventschemas';
import type { Construct } from 'constructs';
import { eventSource, eventTypes, jsonSchemaOf } from '../core/events.ts';
import type { Config } from './config.ts';

export function eventSchemas(scope: Construct, config: Config): void {
  const registry = new schemas.CfnRegistry(scope, 'EventSchemas', {
    registryName: `forebay-${config.stage}`,
    description: `Events of Forebay, stage ${config.stage}`,
  });
  for (const type of eventTypes) {
    new schemas.CfnSchema(scope, `${type}Schema`, {
      registryName: registry.attrRegistryName,
      schemaName: `${eventSource}@${type}`,
      type: 'JSONSchemaDraft4',
      // The registry knows no newer draft.
      content: JSON.stringify(jsonSchemaOf(type, 'draft-4')),
      description: `The detail of ${type}`,
    });
  }
}
