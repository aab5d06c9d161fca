/**
 * The events that AWS writes into an execution's history, computed from a definition: the local cloud leaves out
 * those of states within a Parallel or a Map. Where AWS's own pages leave it open whether an event is written, it
 * is counted.
 */
import type { Json } from './app.ts';
import { type Facts, statesOf, walk } from './machine.ts';

export interface StateEvents {
  state: string;
  /** Of a state that succeeds at once. */
  types: string[];
  /** One more for each attempt that fails before. */
  retried: number;
}

const task = (name: string): string => `Task${name}`;

/** Types of the events of one state that succeeds at its first attempt, in order. */
export function eventsOfState({ Type, Resource, ItemProcessor }: Json): string[] {
  const entered = `${Type}StateEntered`;
  const exited = `${Type}StateExited`;
  if (Type === 'Fail') return [entered];
  if (Type === 'Task') {
    const waits = /\.(waitForTaskToken|sync:2)$/.test(String(Resource));
    const work = ['Scheduled', 'Started', ...(waits ? ['Submitted'] : []), 'Succeeded'];
    return [entered, ...work.map(task), exited];
  }
  if (Type === 'Parallel') return [entered, 'ParallelStateStarted', 'ParallelStateSucceeded', exited];
  if (Type === 'Map') {
    // What is within an inline Map comes on top, for each of its items.
    const inline = ItemProcessor.ProcessorConfig.Mode !== 'DISTRIBUTED';
    const run = inline ? [] : ['MapRunStarted', 'MapRunSucceeded'];
    return [entered, 'MapStateStarted', ...run, 'MapStateSucceeded', exited];
  }
  return [entered, exited];
}

/** Scheduled, started and failed once more for each attempt that the state's retriers allow. */
const retriesOf = ({ Retry = [] }: Json): number =>
  3 * Math.max(0, ...Retry.map(({ MaxAttempts }: Json) => MaxAttempts ?? 3));

export interface Histories {
  /** The run's own execution, and one child of each Map by the Map's name; of an inline Map, one of its items. */
  [execution: string]: StateEvents[];
}

/** The histories along one way through the definition: `run`, and one for each Map. */
export function historiesOf(machine: Json, facts: Facts): Histories {
  const states = statesOf(machine);
  const histories: Histories = { run: [] };
  const open: Open[] = [];
  for (const name of walk(machine, facts).entered) {
    const state = states.find((each) => each.name === name);
    if (state === undefined) throw new Error(`the definition has no state ${name}`);
    close(open, name);
    const of = state.map ?? 'run';
    histories[of] ??= [];
    const types = eventsOfState(state.is);
    const within = new Set<string>(
      (state.is.Branches ?? []).flatMap((branch: Json) => statesOf(branch)).map(nameOf),
    );
    const last = within.size === 0 ? [] : types.splice(-2);
    histories[of].push({ state: name, types, retried: retriesOf(state.is) });
    if (within.size > 0)
      open.push({ within, history: histories[of], end: { state: name, types: last, retried: 0 } });
  }
  close(open);
  return histories;
}

/** A Parallel that is under way: its last events come behind the states within. */
interface Open {
  within: Set<string>;
  history: StateEvents[];
  end: StateEvents;
}

const nameOf = ({ name }: { name: string }): string => name;

/** Ends those that the next state is not within; without one, all. */
function close(open: Open[], next?: string): void {
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    if (next !== undefined && last.within.has(next)) return;
    last.history.push(last.end);
    open.pop();
  }
}

/**
 * ExecutionStarted and how it ended stand around the states' events; around those of one item of an inline Map,
 * MapIterationStarted and how that ended.
 */
export const eventCount = (history: readonly StateEvents[]): number =>
  2 + history.reduce((sum, { types }) => sum + types.length, 0);

/** As many as there can be: each state succeeds at the last attempt that it has. */
export const mostEvents = (history: readonly StateEvents[]): number =>
  eventCount(history) + history.reduce((sum, { retried }) => sum + retried, 0);
