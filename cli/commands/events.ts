import type { Command } from 'commander';
import type { Tap } from '../../aws/tap.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import type { Output } from '../output.ts';
import { sumOf } from '../report.ts';
import { addReplay } from './events-replay.ts';

/** EventBridge's own frame around an event. What there is in its data is by its type. */
interface BusEvent {
  id: string;
  'detail-type': string;
  time: string;
  detail: {
    data: {
      job: string;
      slice?: string;
      runId?: string;
      counts?: Parameters<typeof sumOf>[0] | null;
      error?: { name: string; message: string } | null;
      reason?: string;
      violations?: Record<string, number>;
      backfillId?: string;
      from?: string;
      to?: string;
      slices?: Record<string, number>;
    };
  };
}

export function addEvents(program: Command, open: OpenSession): void {
  const events = program.command('events').description('events on the bus');
  addReplay(events, open);
  events
    .command('tail')
    .description('print events as they come, until it is interrupted')
    .option('--limit <n>', 'end after so many')
    .addHelpText('after', examples('forebay events tail', 'forebay events tail --json --limit 1'))
    .addHelpText('after', '\nA rule and a queue are made for it, and removed when it ends.')
    .action(async (options: { limit?: string }, command: Command) => {
      const session = open(command);
      const limit = options.limit === undefined ? Infinity : positive(options.limit, '--limit');
      const cloud = await session.cloud();
      const stop = new AbortController();
      const end = () => stop.abort();
      // Not `once`: a terminal sends it to the launcher as well, which passes it on.
      process.on('SIGINT', end);
      process.on('SIGTERM', end);
      const tap = await cloud.tap();
      try {
        session.output.note(`listening on bus ${cloud.outputs.BusName}`);
        await tail(tap, session.output, limit, stop.signal);
      } finally {
        await tap.close();
      }
    });
}

/** Prints what the tap gives until `limit` events came or the signal says stop. */
export async function tail(tap: Tap, output: Output, limit: number, stop: AbortSignal): Promise<void> {
  for (let count = 0; count < limit && !stop.aborted; ) {
    const bodies = await tap.receive(5, stop).catch((error: Error) => {
      if (stop.aborted) return [];
      throw error;
    });
    for (const body of bodies.slice(0, limit - count)) {
      const event = JSON.parse(body) as BusEvent;
      output.item(event, (out) => printEvent(out, event));
      count++;
    }
  }
}

function printEvent(out: Output, { time, 'detail-type': type, detail: { data } }: BusEvent): void {
  const failed = type === 'JobFailed' || data.slices?.failed;
  const tone = failed ? 'red' : type === 'JobCompleted' || type === 'BackfillCompleted' ? 'green' : 'yellow';
  const slices = data.slice ?? `${data.from} to ${data.to}`;
  const of = data.runId === undefined ? `backfill ${data.backfillId}` : `run ${data.runId}`;
  const what = [
    data.counts ? sumOf(data.counts) : null,
    data.reason ?? null,
    data.violations ? listed(data.violations) : null,
    data.slices ? listed(data.slices) : null,
    data.error ? `${data.error.name}: ${data.error.message}` : null,
  ].filter((part) => part !== null && part !== '');
  const more = what.length === 0 ? '' : `: ${what.join('; ')}`;
  out.line(`${time} ${out.paint(tone, type)} ${data.job} ${slices} ${of}${more}`);
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
