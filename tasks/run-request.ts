import type { RunRequest } from './open-run/contract.ts';

/** A person may start an execution with any JSON: a value that no request has counts as not given. */
export function readRequest(input: unknown): RunRequest {
  const { trigger, slice, scheduledTime, force } = (input ?? {}) as Record<string, unknown>;
  return {
    trigger: trigger === 'schedule' || trigger === 'mark' ? trigger : 'manual',
    ...(typeof slice === 'string' ? { slice } : {}),
    ...(typeof scheduledTime === 'string' ? { scheduledTime } : {}),
    force: force === true,
  };
}
