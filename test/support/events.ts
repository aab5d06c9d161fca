/** Validates completion events as a consumer in another language would: by the published schema alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { EventType } from '../../core/events.ts';

const schemas = join(import.meta.dirname, '..', '..', 'docs', 'events');

/** What is wrong with an event's detail; empty where it is valid. */
export function eventProblems(type: EventType, detail: unknown): string[] {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(join(schemas, `${type}.schema.json`), 'utf8')));
  validate(detail);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
