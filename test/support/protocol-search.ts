/** The protocol's model as a search walks it. */
import { isDeepStrictEqual } from 'node:util';
import type { Ledger } from '../../aws/interfaces.ts';
import { sweep } from '../../tasks/sweep/sweep.ts';
import { emptyLedger, type LedgerState, memoryLedger } from './memory-ledger.ts';
import { checkEnd, newWatch, readLedger, readMemory, type Stored } from './protocol-checks.ts';
import { gated, newProtocol, type Protocol, type Scenario } from './protocol-model.ts';
import type { Choice, Model, Thread } from './schedules.ts';
import { arnOf } from './world.ts';

/** The model over a ledger in memory, checked at each step. `change` puts a fault into the ledger. */
export async function memoryModel(
  scenario: Scenario,
  change: (ledger: Ledger, state: LedgerState) => Ledger = (ledger) => ledger,
): Promise<Model> {
  const state = emptyLedger();
  const protocol = newProtocol(scenario, change(memoryLedger(state), state));
  const watch = newWatch(protocol);
  const read = readMemory(state);
  await protocol.gates.settle();
  return {
    choices: () => choicesOf(protocol, scenario.faults),
    key: () => keyOf(protocol, state),
    check: async () => watch(await read()),
    finish: () => atTheEnd(protocol, read),
  };
}

/** The model over any other ledger, checked at its end. */
export async function ledgerModel(scenario: Scenario, ledger: Ledger): Promise<Model> {
  const protocol = newProtocol(scenario, ledger);
  const read = readLedger(ledger);
  await protocol.gates.settle();
  return {
    choices: () => choicesOf(protocol, scenario.faults),
    key: () => '',
    check: async () => undefined,
    finish: () => atTheEnd(protocol, read),
  };
}

const sorted = <V>(map: Map<string, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** All that what follows depends on. */
function keyOf(protocol: Protocol, { slices, runs, outbox }: LedgerState): string {
  const { world, catalog, executions, strays, sweeper, arrival, switchesLeft } = protocol;
  const told = new Set(world.sent.map(({ target, id }) => `${target} ${id}`));
  const at = (thread: Thread | null | undefined) => thread && [thread.id, thread.history];
  return JSON.stringify([
    ...[sorted(slices), sorted(runs), sorted(outbox).map(([key]) => key), sorted(catalog.partitions)],
    ...[sorted(world.executions), world.now, [...told].sort()],
    ...[sorted(protocol.ops), sorted(protocol.manifests), protocol.files.length],
    executions.map(({ id, history, state, function: current }) => [id, history, state, at(current)]).sort(),
    strays.map(at).sort(),
    ...[at(sweeper), at(arrival?.thread), protocol.sweepsLeft, protocol.faultsLeft],
    // How often somebody may still get between is part of what follows, where it is bounded.
    ...(switchesLeft === Number.POSITIVE_INFINITY ? [] : [switchesLeft, protocol.last]),
  ]);
}

async function atTheEnd(protocol: Protocol, read: () => Promise<Stored>): Promise<void> {
  // Where nothing struck, nothing is left for the sweeper.
  if (protocol.faultsLeft === protocol.faultsAtFirst) checkEnd(protocol, await read());
  await quiet(protocol, read);
  const stored = await read();
  newWatch(protocol)(stored);
  checkEnd(protocol, stored);
}

/** The sweeper sweeps until it changes nothing; runs that it starts run to their end. */
async function quiet(protocol: Protocol, read: () => Promise<Stored>): Promise<void> {
  const { gates, world } = protocol;
  gates.open = true;
  const deps = gated(protocol, gates.thread('sweeper at the end'));
  for (let round = 0; round < 10; round++) {
    const before = structuredClone([await read(), world.sent.length, [...protocol.catalog.partitions]]);
    await deps.tick(120);
    await sweep(deps, { sweep: 'all' });
    await gates.settle();
    if (isDeepStrictEqual(before, [await read(), world.sent.length, [...protocol.catalog.partitions]]))
      return;
  }
  throw new Error('the sweeper finds something to do for ever');
}

function choicesOf(protocol: Protocol, faults: Scenario['faults']): Choice[] {
  const { gates, executions, strays, sweeper, arrival } = protocol;
  const waiting = (actor: string, thread: Thread | null | undefined) =>
    thread?.waits ? [{ actor, thread }] : [];
  const living = [
    ...executions.flatMap(({ id, function: current }) => waiting(id, current)),
    ...waiting('sweeper', sweeper),
    ...waiting('arrival', arrival?.thread),
  ];
  const all = [...living, ...strays.flatMap((stray) => waiting(stray.id, stray))];
  const goesOn = all.some(({ actor }) => actor === protocol.last);
  const choices: Choice[] = all
    .filter(({ actor }) => !goesOn || actor === protocol.last || protocol.switchesLeft > 0)
    .map(({ actor, thread }) => ({
      label: `${thread.id} ${thread.waits?.verb}`,
      act: () => {
        if (goesOn && actor !== protocol.last) protocol.switchesLeft -= 1;
        protocol.last = actor;
        return gates.pass(thread);
      },
    }));
  if (faults !== undefined && protocol.faultsLeft > 0) choices.push(...faultsOf(protocol, faults));
  if (living.length === 0 && all.length > 0) {
    choices.push({
      label: 'what goes on alone never wakes',
      act: async () => {
        protocol.strays = [];
      },
    });
  }
  return choices;
}

const caught = ['OpenRun', 'Discover', 'Load', 'Catalog'];

function faultsOf(protocol: Protocol, { kinds, of, task }: NonNullable<Scenario['faults']>): Choice[] {
  return protocol.executions.flatMap((execution) => {
    const { id, function: current } = execution;
    if (!current?.waits || current.task === 'end' || id !== of) return [];
    if (current.task !== (task ?? current.task)) return [];
    return kinds
      .filter((kind) => kind !== 'catch' || caught.includes(current.task))
      .map((kind) => ({
        label: `${kind} ${id} before ${current.waits?.verb}`,
        act: async () => {
          protocol.faultsLeft -= 1;
          protocol.last = '';
          if (kind === 'stop') {
            const stoppedAt = protocol.world.now.toISOString();
            protocol.world.executions.set(arnOf(id), {
              status: 'ENDED',
              stoppedAt,
              error: null,
              output: null,
            });
          }
          current.interrupt(kind);
          await protocol.gates.settle();
        },
      }));
  });
}
