import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Pause, TriggerRecord } from '../../core/ledger.ts';
import type { OwnMessage } from '../../tasks/trigger/contract.ts';
import type { Cloud } from '../cloud.ts';
import { examples, type OpenSession } from '../command.ts';

export function addPause(jobs: Command, open: OpenSession): void {
  jobs
    .command('pause')
    .description('stop what starts a job by itself: its schedule, files that arrive, jobs before it')
    .argument('<job>', 'name of the job')
    .option('--reason <text>', 'why, for whoever finds it paused')
    .addHelpText('after', examples("forebay jobs pause orders --reason 'the partner sends last month again'"))
    .action(async (name: string, options: { reason?: string }, command: Command) => {
      const session = open(command);
      const { job } = await session.job(name);
      const { ledger } = await session.cloud();
      const pause: Pause = {
        at: new Date().toISOString(),
        by: userInfo().username,
        reason: options.reason ?? null,
      };
      await ledger.putPause(job.name, pause);
      session.output.result({ job: job.name, ...pause }, (out) => {
        out.line(`${job.name} is paused: people, backfills and redrives still start it`);
        out.line(`  forebay jobs resume ${job.name}`);
      });
    });
}

export function addResume(jobs: Command, open: OpenSession): void {
  jobs
    .command('resume')
    .description('end the pause of a job, and start what waited behind it')
    .argument('<job>', 'name of the job')
    .addHelpText('after', examples('forebay jobs resume orders'))
    .action(async (name: string, _options: object, command: Command) => {
      const session = open(command);
      const { job } = await session.job(name);
      const cloud = await session.cloud();
      const queueUrl = (await cloud.jobOutputs(job.name))?.TriggersQueueUrl;
      const send = queueUrl === undefined ? null : (message: OwnMessage) => cloud.send(queueUrl, message);
      const { paused, asked } = await resume(cloud.ledger, job.name, send);
      session.output.result({ job: job.name, paused, asked }, (out) => {
        out.line(paused === null ? `${job.name} was not paused` : `${job.name} goes on`);
        for (const slice of asked) out.line(`  ${slice} waited: its run is asked for`);
        if (paused !== null && job.schedule !== null)
          out.line('  slices whose scheduled time came meanwhile are loaded by a backfill');
      });
    });
}

/**
 * The pause is removed before what waits is read, or what becomes due between the two would wait for nobody. Where
 * this is interrupted, the next call asks for what still waits; and what is asked for twice starts once.
 */
export async function resume(
  ledger: Pick<Cloud['ledger'], 'removePause' | 'listTriggers'>,
  job: string,
  send: ((message: OwnMessage) => Promise<void>) | null,
): Promise<{ paused: Pause | null; asked: string[] }> {
  const paused = await ledger.removePause(job);
  // As deployed, nothing but its schedule starts it: what once waited for files or other jobs waits no more.
  if (send === null) return { paused, asked: [] };
  const asked: string[] = [];
  for (const record of await ledger.listTriggers(job)) {
    const messages = waiting(record);
    for (const message of messages) await send(message);
    if (messages.length > 0) asked.push(record.slice);
  }
  return { paused, asked };
}

function waiting({ slice, due, started, after, afterStarted }: TriggerRecord): OwnMessage[] {
  const messages: OwnMessage[] = [];
  if (due > started) messages.push({ schemaVersion: 1, due: { slice, count: due } });
  if (after !== null && after !== afterStarted) messages.push({ schemaVersion: 1, after: { slice } });
  return messages;
}
