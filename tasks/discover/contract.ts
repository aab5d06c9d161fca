import type { LoadedObjects } from '../../core/ledger.ts';
import type { ObjectRef } from '../../core/run.ts';
import type { OpenedRun } from '../open-run/contract.ts';

export type DiscoverInput = OpenedRun;

export interface DiscoveredRun extends OpenedRun {
  discovered: 'new';
  objects: ObjectRef & LoadedObjects;
}

/** The committed run loaded exactly what the source lists. */
export interface NothingNew extends OpenedRun {
  discovered: 'nothing-new';
  loadedBy: { runId: string };
}

export type DiscoverOutput = DiscoveredRun | NothingNew;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'RUNS_TABLE',
  'SLICES_TABLE',
  'OPS_BUCKET',
  'SOURCE_BUCKET',
  'DATABASE',
  'BUS_NAME',
] as const;
