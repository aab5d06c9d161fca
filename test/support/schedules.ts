/**
 * A search through all orders in which the steps of several actors can happen. A step cannot be undone, so each
 * schedule runs from the start; a state that was met before is not gone on from, since the same follows from it.
 */
import { createHash } from 'node:crypto';

export interface Choice {
  /** What happens, for whoever reads a schedule. */
  label: string;
  act(): Promise<void>;
}

export interface Model {
  /** What may happen next, in an order that depends on the state alone. */
  choices(): Choice[];
  /** The same for two moments only if the same may follow from them. */
  key(): string;
  /** Throws where a state, or the step to it from the one checked before, breaks what must always hold. */
  check(): Promise<void>;
  /** Nothing happens any more: throws where the end is not as it must be. */
  finish(): Promise<void>;
}

export interface Explored {
  /** Schedules run to an end, or to a state that was met before. */
  schedules: number;
  states: number;
}

/** Every order, depth first. */
export async function explore(make: () => Promise<Model>, maxSchedules = 1_000_000): Promise<Explored> {
  const met = new Set<string>();
  const open: number[][] = [[]];
  let schedules = 0;
  for (let start = open.pop(); start !== undefined; start = open.pop()) {
    schedules += 1;
    if (schedules > maxSchedules) throw new Error(`more than ${maxSchedules} schedules`);
    await follow(make, start, met, open);
  }
  return { schedules, states: met.size };
}

async function follow(
  make: () => Promise<Model>,
  start: readonly number[],
  met: Set<string>,
  open: number[][],
): Promise<void> {
  const model = await make();
  const labels: string[] = [];
  const path = [...start];
  try {
    // States on the way were checked when they were first met; the one before a new step is compared with it.
    for (const choice of start.slice(0, -1)) await take(model, choice, labels);
    await model.check();
    for (const choice of start.slice(-1)) await take(model, choice, labels);
    await model.check();
    for (;;) {
      const key = createHash('sha1').update(model.key()).digest('base64');
      if (met.has(key)) return;
      met.add(key);
      const { length } = model.choices();
      if (length === 0) return await model.finish();
      for (let other = length - 1; other > 0; other--) open.push([...path, other]);
      path.push(0);
      await take(model, 0, labels);
      await model.check();
    }
  } catch (error) {
    throw inSchedule(error, labels);
  }
}

/** One order that `pick` chooses, of `n` choices each time. */
export async function runOne(model: Model, pick: (n: number) => number): Promise<string[]> {
  const labels: string[] = [];
  try {
    await model.check();
    for (let { length } = model.choices(); length > 0; { length } = model.choices()) {
      await take(model, pick(length), labels);
      await model.check();
    }
    await model.finish();
    return labels;
  } catch (error) {
    throw inSchedule(error, labels);
  }
}

async function take(model: Model, n: number, labels: string[]): Promise<void> {
  const choice = model.choices()[n];
  if (choice === undefined) throw new Error(`the model has no choice ${n} here: it is not deterministic`);
  labels.push(choice.label);
  await choice.act();
}

const inSchedule = (error: unknown, labels: string[]): Error =>
  new Error(`${(error as Error).message}\nafter\n  ${labels.join('\n  ')}`, { cause: error });

/** An actor's code, run step by step: each gated verb waits until it is let through. */
export interface Thread {
  id: string;
  /** Stands for all answers that it got: what the code does next follows from them. */
  history: number;
  /** The verb that it waits before. */
  waits: { verb: string; pass(): void } | null;
}

export interface Gates {
  /** While open, nothing waits. */
  open: boolean;
  thread(id: string): Thread;
  gate<A extends unknown[], R>(
    thread: Thread,
    verb: string,
    act: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R>;
  /** Lets one verb through, and waits until its actor stands before the next one or has ended. */
  pass(thread: Thread): Promise<void>;
  settle(): Promise<void>;
  remember(history: number, what: unknown): number;
}

const turn = () => new Promise<void>((done) => setImmediate(done));

/** Histories by number, shared by all runs of a search. */
const numbers = new Map<string, number>();

export function newGates(): Gates {
  const busy = new Set<Promise<unknown>>();
  const gates: Gates = {
    open: false,
    thread: (id) => ({ id, history: 0, waits: null }),
    remember: (history, what) => {
      const text = `${history} ${JSON.stringify(what)}`;
      const known = numbers.get(text) ?? numbers.size + 1;
      numbers.set(text, known);
      return known;
    },
    gate:
      (thread, verb, act) =>
      async (...args) => {
        if (!gates.open) {
          await new Promise<void>((pass) => {
            thread.waits = { verb, pass };
          });
        }
        const acting = act(...args);
        const done = acting.then(
          (answer) => [verb, answer],
          (error) => [verb, String(error)],
        );
        busy.add(done);
        thread.history = gates.remember(thread.history, await done);
        busy.delete(done);
        return acting;
      },
    pass: async (thread) => {
      const { waits } = thread;
      thread.waits = null;
      waits?.pass();
      await gates.settle();
    },
    // All other code is made of promises alone, which are through when a turn of the event loop is.
    settle: async () => {
      await turn();
      while (busy.size > 0) {
        await Promise.all(busy);
        await turn();
      }
    },
  };
  return gates;
}
