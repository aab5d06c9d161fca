/** The standard envelope's metadata, around every record and every event. `docs/envelope.md` explains each. */
import * as z from 'zod';
import type { Job } from '../job/model.ts';
import type { RunRef } from '../run.ts';

const optional = {
  version: z.string().optional(),
  region: z.string().optional(),
  jurisdiction: z.string().optional(),
  tags: z.array(z.string()).optional(),
  dataSensitivity: z.string().optional(),
};

export const envelopeMetadata = z.strictObject({
  id: z.uuid(),
  /** The run's fixed time, ISO 8601 in UTC with milliseconds. */
  timestamp: z.iso.datetime({ precision: 3 }),
  /** The same time for people, e.g. `1 March 2026, 02:15:00 UTC`. */
  timestampHuman: z.string(),
  /** The same time in milliseconds since 1970-01-01T00:00:00Z. */
  requestTimeEpoch: z.int(),
  user: z.string(),
  resource: z.string(),
  source: z.string(),
  hostPlatform: z.string(),
  owner: z.string(),
  eventType: z.string(),
  ...optional,
});

export type EnvelopeMetadata = z.infer<typeof envelopeMetadata>;

/** Where a record came from. */
export interface Lineage {
  /** The run that enveloped the record. */
  runId: string;
  slice: string;
  /** Key in the raw bucket. */
  rawObject: string;
  /** From 0, within the raw object. */
  record: number;
  jobVersion: string;
}

export const hostPlatform = 'aws-lambda';

/** All of a record's metadata that is the same for the whole run: everything but id and lineage. */
export function runMetadata(
  job: Job,
  run: Pick<RunRef, 'time' | 'trigger'>,
  region: string,
): Omit<EnvelopeMetadata, 'id'> {
  const { eventType, resource, version, jurisdiction, tags, dataSensitivity } = job.envelope;
  return {
    ...times(run.time),
    user: `forebay/${run.trigger}`,
    resource,
    source: `forebay/${job.name}`,
    hostPlatform,
    owner: job.owner,
    eventType,
    region,
    ...(version === null ? {} : { version }),
    ...(jurisdiction === null ? {} : { jurisdiction }),
    ...(tags === null ? {} : { tags }),
    ...(dataSensitivity === null ? {} : { dataSensitivity }),
  };
}

const human = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});

/** One instant in the envelope's three forms. */
export function times(
  iso: string,
): Pick<EnvelopeMetadata, 'timestamp' | 'timestampHuman' | 'requestTimeEpoch'> {
  const time = new Date(iso);
  const part = Object.fromEntries(human.formatToParts(time).map(({ type, value }) => [type, value]));
  return {
    timestamp: time.toISOString(),
    timestampHuman: `${part.day} ${part.month} ${part.year}, ${part.hour}:${part.minute}:${part.second} UTC`,
    requestTimeEpoch: time.getTime(),
  };
}
