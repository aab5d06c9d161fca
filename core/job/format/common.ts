import { z } from 'zod';

/** What every format has. */
export const common = {
  required: z.boolean({ error: 'true or false' }).default(false),
};
