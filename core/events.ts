/** What the bus carries, in the envelope. `docs/events/` has the JSON Schemas. */
import { v5 as uuidv5 } from 'uuid';
import * as z from 'zod';
import { envelopeMetadata } from './envelope/metadata.ts';
import { triggers } from './run.ts';

/** Namespace (UUIDv5, RFC 9562) of the ids of events. */
const eventNamespace = 'f0a3b1d2-6c1e-5b7a-9d52-3f1f6f0c7e21';

/** Of a run that has ended. */
export const completionTypes = ['JobCompleted', 'JobPartial', 'JobFailed'] as const;
export type CompletionType = (typeof completionTypes)[number];

export const eventTypes = [
  ...completionTypes,
  'SliceReopened',
  'ContractViolated',
  'BackfillCompleted',
] as const;
export type EventType = (typeof eventTypes)[number];

export const eventSource = 'forebay';

const counts = z.strictObject({
  read: z.int().nonnegative(),
  written: z.int().nonnegative(),
  rejected: z.int().nonnegative(),
  filtered: z.int().nonnegative(),
  repeatedKeys: z.int().nonnegative(),
});

const ofJob = { schemaVersion: z.literal(1), job: z.string() };

const common = {
  ...ofJob,
  runId: z.string(),
  trigger: z.enum(triggers),
  /** Empty where the run failed before its slice was known. */
  slice: z.string(),
  revision: z.int().nonnegative(),
  table: z.strictObject({ database: z.string(), name: z.string() }),
};

const committed = { ...common, counts, manifest: z.strictObject({ bucket: z.string(), key: z.string() }) };

const error = z.strictObject({ name: z.string(), message: z.string(), cause: z.string().optional() });

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
      error,
    }),
  }),
  SliceReopened: z.strictObject({
    metadata: envelopeMetadata,
    data: z.strictObject({
      ...common,
      reason: z.enum(['loading', 'forgotten']),
      /** What readers see meanwhile; `null`: nothing. */
      published: z.strictObject({ runId: z.string(), revision: z.int().positive() }).nullable(),
    }),
  }),
  ContractViolated: z.strictObject({
    metadata: envelopeMetadata,
    data: z.strictObject({
      ...common,
      status: z.enum(['PARTIAL', 'FAILED']),
      /** Rejected records by code, as far as they were counted. */
      violations: z.record(z.string(), z.int().positive()),
      rejects: z.strictObject({ bucket: z.string(), prefix: z.string() }),
      error: error.nullable(),
    }),
  }),
  BackfillCompleted: z.strictObject({
    metadata: envelopeMetadata,
    data: z.strictObject({
      ...ofJob,
      backfillId: z.string(),
      /** The first and the last slice of its range, both included. */
      from: z.string(),
      to: z.string(),
      reprocess: z.enum(['none', 'failed', 'completed']),
      source: z.enum(['source', 'raw']),
      status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED']),
      /** How many slices ended how; `left` were not begun. */
      slices: z.strictObject({
        done: z.int().nonnegative(),
        failed: z.int().nonnegative(),
        busy: z.int().nonnegative(),
        skipped: z.int().nonnegative(),
        left: z.int().nonnegative(),
      }),
    }),
  }),
} as const;

export type JobCompleted = z.infer<typeof eventSchemas.JobCompleted>;
export type JobPartial = z.infer<typeof eventSchemas.JobPartial>;
export type JobFailed = z.infer<typeof eventSchemas.JobFailed>;
export type SliceReopened = z.infer<typeof eventSchemas.SliceReopened>;
export type ContractViolated = z.infer<typeof eventSchemas.ContractViolated>;
export type BackfillCompleted = z.infer<typeof eventSchemas.BackfillCompleted>;
export type CompletionEvent = JobCompleted | JobPartial | JobFailed;

/** The same for each repeat of the same event, so that a consumer can drop repeats. `of`: the run, or the backfill. */
export const eventId = (of: string, type: EventType): string => uuidv5(`${of}/${type}`, eventNamespace);

/** Whether an outbox's record is the event that tells how its run ended. */
export const tellsEnd = ({ id, runId }: { id: string; runId: string }): boolean =>
  completionTypes.some((type) => eventId(runId, type) === id);

/** JSON Schema of an event's detail: docs/events holds it as 2020-12. */
export const jsonSchemaOf = (
  type: EventType,
  target: 'draft-2020-12' | 'draft-4' = 'draft-2020-12',
): Record<string, unknown> => ({
  ...z.toJSONSchema(eventSchemas[type], { target }),
  title: type,
});
