/** Whose execution it is, by its ARN. */
import { backfillSuffix } from '../../core/backfill/model.ts';

interface Named {
  /** The machine's name behind the prefix that all of ours share. */
  machine: string;
  name: string;
}

/**
 * An execution of our machines; `null` of any other, and of a Map's child, whose ARN has the Map's label behind the
 * machine's name (`…:execution:<machine>/<label>:<name>`).
 */
function ourExecution(machinePrefix: string, executionArn: string): Named | null {
  const prefix = machinePrefix.replace(':stateMachine:', ':execution:');
  if (!executionArn.startsWith(prefix)) return null;
  const [machine = '', name, ...more] = executionArn.slice(prefix.length).split(':');
  return name === undefined || more.length > 0 || machine.includes('/') ? null : { machine, name };
}

/** The run of an execution of a job's machine; a backfill is no run. */
export const runOfExecution =
  (machinePrefix: string) =>
  (executionArn: string): { job: string; runId: string } | null => {
    const found = ourExecution(machinePrefix, executionArn);
    if (found === null || found.machine.endsWith(backfillSuffix)) return null;
    return { job: found.machine, runId: found.name };
  };

export const backfillOfExecution =
  (machinePrefix: string) =>
  (executionArn: string): { job: string; id: string } | null => {
    const found = ourExecution(machinePrefix, executionArn);
    if (!found?.machine.endsWith(backfillSuffix)) return null;
    return { job: found.machine.slice(0, -backfillSuffix.length), id: found.name };
  };
