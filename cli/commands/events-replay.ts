import type { Command } from 'commander';
import type { OutboxRecord } from '../../core/ledger.ts';
import { counted } from '../../core/text.ts';
import { examples, type OpenSession } from '../command.ts';
import type { Output } from '../output.ts';
import { wrongUsage } from '../problem.ts';

interface ReplayOptions {
  from: string;
  to: string;
  job?: string;
  dryRun?: boolean;
}

export interface ReplayDeps {
  listSent(between: { from: string; to: string }): Promise<OutboxRecord[]>;
  publish(events: Array<{ id: string; detailType: string; detail: string; time: string }>): Promise<void>;
}

interface Replayed {
  id: string;
  type: string;
  job: string;
  runId: string;
  time: string;
}

export function addReplay(events: Command, open: OpenSession): void {
  events
    .command('replay')
    .description('send events again that were sent within a time, with the ids that they had')
    .requiredOption('--from <time>', 'the first moment, e.g. 2026-03-01 or 2026-03-01T06:00:00Z')
    .requiredOption('--to <time>', 'the moment behind the last')
    .option('--job <job>', 'only those of this job')
    .option('--dry-run', 'say which they are, and send none')
    .addHelpText(
      'after',
      examples('forebay events replay --from 2026-03-01 --to 2026-03-02 --job orders --dry-run'),
    )
    .addHelpText(
      'after',
      '\nAll who subscribe to the bus get them; a consumer drops what it has by metadata.id.',
    )
    .action(async (options: ReplayOptions, command: Command) => {
      const session = open(command);
      const between = range(options);
      if (options.job !== undefined) await session.job(options.job);
      const { ledger, bus } = await session.cloud();
      const found = await replay({ listSent: ledger.listSent, publish: bus.publish }, between, options);
      const sent = options.dryRun ? 0 : found.length;
      session.output.result({ ...between, events: found, sent }, (out) => print(out, found, sent));
    });
}

/** Oldest first. */
export async function replay(
  deps: ReplayDeps,
  between: { from: string; to: string },
  { job, dryRun = false }: { job?: string; dryRun?: boolean },
): Promise<Replayed[]> {
  const records = await deps.listSent(between);
  const wanted = records.filter((record) => job === undefined || record.job === job);
  const typed = wanted.map((record) => ({ record, type: typeOf(record) }));
  if (!dryRun) {
    await deps.publish(
      typed.map(({ record: { id, body, createdAt }, type }) => ({
        ...{ id, detailType: type, detail: body, time: createdAt },
      })),
    );
  }
  return typed.map(({ record: { id, job, runId, createdAt }, type }) => ({
    ...{ id, type, job, runId, time: createdAt },
  }));
}

const typeOf = ({ body }: OutboxRecord): string =>
  (JSON.parse(body) as { metadata: { eventType: string } }).metadata.eventType;

/** As the ledger writes times, so that they compare as text. */
function range({ from, to }: ReplayOptions): { from: string; to: string } {
  const between = { from: moment(from, '--from'), to: moment(to, '--to') };
  if (between.from >= between.to) throw wrongUsage(`--to ${to} is not behind --from ${from}`);
  return between;
}

function moment(text: string, option: string): string {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
  const time = form.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) {
    throw wrongUsage(
      `${option} is '${text.slice(0, 60)}': give a day such as 2026-03-01 (UTC), or a time with its offset such as 2026-03-01T06:00:00Z`,
    );
  }
  return time.toISOString();
}

function print(out: Output, events: Replayed[], sent: number): void {
  if (events.length === 0) {
    out.line('no event was sent in that time');
    return;
  }
  out.table(
    ['time', 'event', 'job', 'run', 'id'],
    events.map(({ time, type, job, runId, id }) => [time, type, job, runId, id]),
  );
  out.line(
    sent === 0
      ? `${counted(events.length, 'events')} would be sent`
      : `${counted(sent, 'events')} sent again`,
  );
}
