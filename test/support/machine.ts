/** A state machine's definition, taken apart to assert on it, and walked as Step Functions would. */
import { type Json, one, type Template } from './app.ts';

export interface State {
  name: string;
  /** As the definition has it (Amazon States Language). */
  is: Json;
  /** The Map whose child it belongs to. */
  map: string | null;
}

/** A stack's machine of that logical id: `JobMachine` for runs, `JobBackfill` for backfills. */
export const definitionOf = (template: Template, id: 'JobMachine' | 'JobBackfill' = 'JobMachine'): Json =>
  JSON.parse(one(template, 'AWS::StepFunctions::StateMachine', id).properties.DefinitionString);

/** All states, those in Parallel branches and Map children, too. */
export function statesOf({ States }: Json, map: string | null = null): State[] {
  return Object.entries<Json>(States).flatMap(([name, is]) => [
    { name, is, map },
    ...(is.Branches ?? []).flatMap((branch: Json) => statesOf(branch, map)),
    ...(is.ItemProcessor === undefined ? [] : statesOf(is.ItemProcessor, name)),
  ]);
}

export function stateOf(definition: Json, name: string): Json {
  const found = statesOf(definition).find((state) => state.name === name);
  if (found === undefined) throw new Error(`the definition has no state ${name}`);
  return found.is;
}

export interface Facts {
  /** What the variable of a Choice holds, by the Choice's name; in turn, where the way comes to it again. */
  choices?: Record<string, string | readonly string[]>;
  /** States that fail after their last retry. */
  failing?: string[];
}

export interface Walk {
  /** Names of the states as they are entered; children's states stand behind their Map. */
  entered: string[];
  /** Executions started: the run's own, and each child of a Map, which has one item here. */
  started: number;
  ended: 'SUCCEEDED' | 'FAILED';
}

/** The way through a definition. A failing state goes to its own `Catch`, or else to that of what holds it. */
export function walk(machine: Json, facts: Facts = {}): Walk {
  const entered: string[] = [];
  let started = 1;
  const visits: Record<string, number> = {};

  /** Runs one state or what it holds; `false` where it fails. */
  const run = (name: string, is: Json): boolean => {
    entered.push(name);
    visits[name] = (visits[name] ?? 0) + 1;
    if (facts.failing?.includes(name) || is.Type === 'Fail') return false;
    if (is.Type === 'Parallel') return is.Branches.every(through);
    if (is.Type === 'Map') {
      if (isDistributed(is)) started++;
      return through(is.ItemProcessor) || is.ToleratedFailurePercentage === 100;
    }
    return true;
  };

  const through = ({ StartAt, States }: Json): boolean => {
    let name: string | undefined = StartAt;
    while (name !== undefined) {
      const is: Json = States[name];
      if (run(name, is)) name = is.Type === 'Choice' ? chosen(name, is, facts, visits[name] ?? 0) : is.Next;
      else {
        name = caught(is);
        if (name === undefined) return false;
      }
    }
    return true;
  };

  const ended = through(machine) ? 'SUCCEEDED' : 'FAILED';
  return { entered, started, ended };
}

const caught = ({ Catch = [] }: Json): string | undefined =>
  Catch.find(({ ErrorEquals }: Json) => ErrorEquals.includes('States.ALL'))?.Next;

const isDistributed = ({ ItemProcessor }: Json): boolean =>
  ItemProcessor.ProcessorConfig.Mode === 'DISTRIBUTED';

function chosen(name: string, { Choices, Default }: Json, { choices = {} }: Facts, visits: number): string {
  const value = [choices[name]].flat()[Array.isArray(choices[name]) ? visits - 1 : 0];
  if (value === undefined) throw new Error(`the walk comes to ${name}, and no fact says which way to go`);
  return Choices.find(({ StringEquals }: Json) => StringEquals === value)?.Next ?? Default;
}
