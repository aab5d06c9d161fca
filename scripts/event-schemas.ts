/** Writes the JSON Schemas of events, made from the same schemas that the code checks with. */
import { writeFileSync } from 'node:fs';
import { eventTypes, jsonSchemaOf } from '../core/events.ts';

for (const type of eventTypes) {
  const file = new URL(`../docs/events/${type}.schema.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(jsonSchemaOf(type), null, 2)}\n`);
}
