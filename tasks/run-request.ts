import { type Trigger, triggers } from '../core/run.ts';
import type { RunRequest } from './open-run/contract.ts';

/** A person may start an execution with any JSON: a value that no request has counts as not given. */
export function readRequest(input: unknown): RunRequest {
  const { trigger, slice, scheduledTime, force, from, resumes } = (input ?? {}) as Record<string, unknown>;
  return {
    trigger: isTrigger(trigger) ? trigger : 'manual',
    ...(typeof slice === 'string' ? { slice } : {}),
    ...(typeof scheduledTime === 'string' ? { scheduledTime } : {}),
    force: force === true,
    ...(from === 'raw' ? { from } : {}),
    ...(typeof resumes === 'string' ? { resumes } : {}),
  };
}

const isTrigger = (value: unknown): value is Trigger => (triggers as readonly unknown[]).includes(value);
