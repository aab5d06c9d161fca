import type { Command } from 'commander';
import type { Tap } from '../../aws/tap.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import type { Output } from '../output.ts';
import { sumOf } from '../report.ts';

/** EventBridge's own frame around a completion event. */
interface BusEvent {
  id: string;
  'detail-type': string;
  time: string;
  detail: {
    data: {
      job: string;
      slice: string;
      runId: string;
      counts: Parameters<typeof sumOf>[0] | null;
      error?: { name: string; message: string };
    };
  };
}

export function addEvents(program: Command, open: OpenSession): void {
  const events = program.command('events').description('completion events on the bus');
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

function printEvent(out: Output, event: BusEvent): void {
  const { job, slice, runId, counts, error } = event.detail.data;
  const type = event['detail-type'];
  const tone = type === 'JobFailed' ? 'red' : type === 'JobPartial' ? 'yellow' : 'green';
  const numbers = counts === null ? '' : `: ${sumOf(counts)}`;
  const why = error === undefined ? '' : `: ${error.name}: ${error.message}`;
  out.line(`${event.time} ${out.paint(tone, type)} ${job} ${slice} run ${runId}${numbers}${why}`);
}
