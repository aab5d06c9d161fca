import * as z from 'zod';
import { oneOf } from '../shapes.ts';

/** Of files that begin without a byte order mark. */
export const encoding = oneOf(['utf-8', 'utf-16le', 'utf-16be', 'latin-1', 'windows-1252']);

/** What every format has. */
export const common = {
  required: z.boolean({ error: 'true or false' }).default(false),
  encoding: encoding.default('utf-8'),
};
