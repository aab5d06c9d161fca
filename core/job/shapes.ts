/** The shapes that a job file's fields are made of. */
import * as z from 'zod';

/** `error` is what is allowed: the loader puts file, field and value in front of it. */
export const text = (allowed: string) => z.string({ error: allowed }).regex(/\S/, { error: allowed });
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.map((value) => `'${value}'`).join(', ')}` });

export const durationForm = "a duration such as '30m', '2h' or '1d'";
/** Up to four digits with a unit. */
export const duration = z.string({ error: durationForm }).regex(/^\d{1,4}[smhd]$/, { error: durationForm });

const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
export const secondsOf = (duration: string): number =>
  Number(duration.slice(0, -1)) * (units[duration.slice(-1)] ?? 1);

/** Where a field is unknown the message is the list of those that there are, for problems.ts to choose from. */
export const fields = <const T extends z.core.$ZodLooseShape>(shape: T, allowed: string) =>
  z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : allowed),
  });
