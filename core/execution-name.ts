import { createHash } from 'node:crypto';

/** A valid execution name, the same for the same parts: whoever starts it again starts nothing. */
export const executionName = (prefix: string, ...parts: readonly unknown[]): string =>
  `${prefix}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
