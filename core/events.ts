/** Completion events: what the bus carries, in the envelope. `docs/events/` has their JSON Schemas. */
import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import { envelopeMetadata } from './envelope/metadata.ts';
import { triggers } from './run.ts';

/** Namespace (UUIDv5, RFC 9562) of the ids of events. */
const eventNamespace = 'f0a3b1d2-6c1e-5b7a-9d52-3f1f6f0c7e21';

export const eventTypes = ['JobCompleted', 'JobPartial', 'JobFailed'] as const;
export type EventType = (typeof eventTypes)[number];

export const eventSource = 'forebay';

const counts = z.strictObject({
  read: z.int().nonnegative(),
  written: z.int().nonnegative(),
  rejected: z.int().nonnegative(),
  filtered: z.int().nonnegative(),
  repeatedKeys: z.int().nonnegative(),
});

const common = {
  schemaVersion: z.literal(1),
  job: z.string(),
  runId: z.string(),
  trigger: z.enum(triggers),
  /** Empty where the run failed before its slice was known. */
  slice: z.string(),
  revision: z.int().nonnegative(),
  table: z.strictObject({ database: z.string(), name: z.string() }),
};

const committed = { ...common, counts, manifest: z.strictObject({ bucket: z.string(), key: z.string() }) };

export const eventSchemas = {
  JobCompleted: z.strictObject({
    metadata: envelopeMetadata,
    data: z.strictObject({ ...committed, status: z.literal('COMPLETED') }),
  }),
  JobPartial: z.strictObject({
    metadata: envelopeMetadata,
    data: z.strictObject({ ...committed, status: z.literal('PARTIAL') }),
  }),
  JobFailed: z.strictObject({
    metadata: envelopeMetadata,
    data: z.strictObject({
      ...common,
      status: z.literal('FAILED'),
      counts: z.null(),
      manifest: z.null(),
      error: z.strictObject({ name: z.string(), message: z.string(), cause: z.string().optional() }),
    }),
  }),
} as const;

export type JobCompleted = z.infer<typeof eventSchemas.JobCompleted>;
export type JobPartial = z.infer<typeof eventSchemas.JobPartial>;
export type JobFailed = z.infer<typeof eventSchemas.JobFailed>;
export type CompletionEvent = JobCompleted | JobPartial | JobFailed;

/** The same for each repeat of the same event, so that a consumer can drop repeats. */
export const eventId = (runId: string, type: EventType): string => uuidv5(`${runId}/${type}`, eventNamespace);

/** Whether an outbox's record is the event that tells how its run ended. */
export const tellsEnd = ({ id, runId }: { id: string; runId: string }): boolean =>
  (['JobCompleted', 'JobPartial', 'JobFailed'] as const).some((type) => eventId(runId, type) === id);

/** JSON Schema (2020-12) of an event's detail: what docs/events holds. */
export const jsonSchemaOf = (type: EventType): Record<string, unknown> => ({
  ...z.toJSONSchema(eventSchemas[type]),
  title: type,
});
