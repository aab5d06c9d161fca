/** Lines of the logs of functions. */
import { type CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { mapAtOnce } from '../core/at-once.ts';
import { translate } from './errors.ts';

export interface LogLine {
  /** ISO 8601, UTC. */
  at: string;
  group: string;
  text: string;
}

/** CloudWatch Logs answers an account only so many searches a second. */
const searchesAtOnce = 5;

/**
 * The lines with `text` in them, of all these log groups, in the order of time. `from` and `to`: ISO 8601.
 */
export async function logLines(
  client: CloudWatchLogsClient,
  search: { groups: readonly string[]; text: string; from: string; to: string },
): Promise<LogLine[]> {
  try {
    const found = await mapAtOnce(search.groups, searchesAtOnce, (group) => linesOf(client, group, search));
    return found.flat().sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  } catch (error) {
    return translate(error);
  }
}

async function linesOf(
  client: CloudWatchLogsClient,
  group: string,
  { text, from, to }: { text: string; from: string; to: string },
): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const asked = {
    logGroupName: group,
    // In quotes: a hyphen would leave out what is behind it.
    filterPattern: `"${text}"`,
    startTime: Date.parse(from),
    endTime: Date.parse(to),
  };
  for await (const { events = [] } of paginateFilterLogEvents({ client }, asked))
    lines.push(
      ...events.map(({ timestamp = 0, message = '' }) => ({
        at: new Date(timestamp).toISOString(),
        group,
        text: message,
      })),
    );
  return lines;
}
