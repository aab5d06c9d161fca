/** What a backfill's execution was started with, which a person may have written into a console. */
import { ForebayError } from '../errors.ts';
import { type BackfillRequest, type Order, orders, type Reprocess, reprocesses } from './model.ts';

/** Of runs of one job at once, so that there is room for those of its schedule and for other jobs. */
export const maxLanes = 40;

/** A range, or the backfill whose rest is to be done. */
export type BackfillInput = BackfillRequest | { resume: string };

/** `BackfillRefused` where a value is none of its kind; what is not given has its default. */
export function readBackfillInput(input: unknown): BackfillInput {
  const given = (input ?? {}) as Record<string, unknown>;
  if (given.resume !== undefined) return { resume: textOf(given, 'resume', 'the id of a backfill') };
  const fromRaw = given.fromRaw ?? false;
  if (typeof fromRaw !== 'boolean') throw wrong('fromRaw', fromRaw, 'true or false');
  return {
    from: textOf(given, 'from', 'the first slice'),
    to: textOf(given, 'to', 'the last slice'),
    reprocess: reprocessOf(given.reprocess, fromRaw),
    fromRaw,
    lanes: lanesOf(given.lanes ?? 1),
    order: oneOf<Order>('order', given.order ?? 'oldest', orders),
  };
}

/** Only what is committed has raw objects to be made from: a rebuild is of such slices, and of no others. */
function reprocessOf(given: unknown, fromRaw: boolean): Reprocess {
  if (!fromRaw) return oneOf<Reprocess>('reprocess', given ?? 'none', reprocesses);
  if (given === undefined || given === 'completed') return 'completed';
  throw wrong('reprocess', given, "'completed' or nothing, since from raw only loaded slices can be made");
}

function lanesOf(given: unknown): number {
  if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= maxLanes) return given;
  throw wrong('lanes', given, `a whole number from 1 to ${maxLanes}`);
}

function textOf(given: Record<string, unknown>, name: string, what: string): string {
  const value = given[name];
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(name, value, `${what}, as text`);
}

function oneOf<T extends string>(name: string, given: unknown, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === given);
  if (found !== undefined) return found;
  throw wrong(name, given, `one of ${allowed.map((value) => `'${value}'`).join(', ')}`);
}

const range = '{"from":"2026-01-01","to":"2026-01-31"}';
/** Of an input as a whole, where a person may not know what it looks like. */
const examples: Record<string, string> = {
  ...{ from: range, to: range },
  resume: '{"resume":"019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21"}',
};

function wrong(name: string, value: unknown, allowed: string): ForebayError {
  const shown = value === undefined ? 'not given' : (JSON.stringify(value)?.slice(0, 60) ?? 'nothing');
  const example = examples[name];
  const such = example === undefined ? '' : `, such as ${example}`;
  return new ForebayError('BackfillRefused', `${name} is ${shown}; give ${allowed}${such}`);
}
