import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { cutUtf8 } from '../core/text.ts';
import { isNamed, translate } from './errors.ts';
import type { ExecutionState, Executions } from './interfaces.ts';

export function executions(client: SFNClient): Executions {
  return {
    listRunning: (stateMachineArn) => listRunning(client, stateMachineArn),
    describe: (executionArn) => describe(client, executionArn),
    start: async (stateMachineArn, name, input) => {
      const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
        return { executionArn, started: true };
      } catch (error) {
        if (isNamed(error, 'ExecutionAlreadyExists')) return { executionArn, started: false };
        return translate(error);
      }
    },
    stop: async (executionArn, { Error: error, Cause: cause }) => {
      await client.send(new StopExecutionCommand({ executionArn, error, cause })).catch(translate);
    },
    succeedTask: (taskToken, output) =>
      accepted(client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }))),
    failTask: (taskToken, { name, message }) =>
      accepted(
        client.send(
          new SendTaskFailureCommand({
            taskToken,
            error: cutUtf8(name, 256),
            cause: cutUtf8(`${name}: ${message}`, 4_096),
          }),
        ),
      ),
  };
}

async function listRunning(client: SFNClient, stateMachineArn: string): Promise<string[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING', nextToken });
      const found = await client.send(page);
      names.push(...(found.executions ?? []).map(({ name }) => name ?? ''));
      nextToken = found.nextToken;
    } while (nextToken !== undefined);
    return names;
  } catch (error) {
    return isNamed(error, 'StateMachineDoesNotExist') ? [] : translate(error);
  }
}

async function describe(client: SFNClient, executionArn: string): Promise<ExecutionState | null> {
  try {
    const found = await client.send(new DescribeExecutionCommand({ executionArn }));
    const running = found.status === 'RUNNING' || found.status === 'PENDING_REDRIVE';
    return {
      status: running ? 'RUNNING' : 'ENDED',
      stoppedAt: found.stopDate?.toISOString() ?? null,
      error: found.error === undefined ? null : { Error: found.error, Cause: found.cause ?? '' },
      output: found.output ?? null,
    };
  } catch (error) {
    if (isNamed(error, 'ExecutionDoesNotExist')) return null;
    return translate(error);
  }
}

/** The state may be gone: it timed out, or another delivery of the same message answered before. */
async function accepted(answer: Promise<unknown>): Promise<'accepted' | 'gone'> {
  try {
    await answer;
    return 'accepted';
  } catch (error) {
    if (isNamed(error, 'TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken')) return 'gone';
    return translate(error);
  }
}
