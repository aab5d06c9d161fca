/** The lines that a run's functions, its machine and the sweeper left in their logs. */
import type { LogLine } from '../aws/logs.ts';
import type { RunRecord } from '../core/ledger.ts';

const beforeMs = 60_000;
/** The sweeper may close a run minutes behind its last function. */
const behindMs = 15 * 60_000;

export const windowOf = (
  run: Pick<RunRecord, 'startedAt' | 'endedAt'>,
  now: Date,
): { from: string; to: string } => ({
  from: new Date(Date.parse(run.startedAt) - beforeMs).toISOString(),
  to: new Date((run.endedAt === null ? now.getTime() : Date.parse(run.endedAt)) + behindMs).toISOString(),
});

export interface RunLine {
  at: string;
  level: string;
  /** The function's task; `null` where the line does not say: the machine's own, and metrics. */
  task: string | null;
  shard: number | null;
  message: string;
  /** All that the line has, as it stands in the log. */
  line: Record<string, unknown>;
}

const errorLevels = ['ERROR', 'CRITICAL', 'FATAL'];

export function readRunLines(
  lines: readonly LogLine[],
  pick: { shard?: number; errors?: boolean },
): RunLine[] {
  return lines
    .map(readLine)
    .filter(({ shard }) => pick.shard === undefined || shard === pick.shard)
    .filter(({ level }) => pick.errors !== true || errorLevels.includes(level));
}

function readLine({ at, text }: LogLine): RunLine {
  const line = parsed(text);
  const { level, task, shard, message, type } = line;
  return {
    at,
    // The machine's log has events with a type, of which only failures are kept.
    level: typeof level === 'string' ? level.toUpperCase() : typeof type === 'string' ? 'ERROR' : 'INFO',
    task: typeof task === 'string' ? task : null,
    shard: typeof shard === 'number' ? shard : null,
    message: String(message ?? type ?? (line._aws === undefined ? text.trim() : 'measured')),
    line,
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : { message: value };
  } catch {
    return { message: text.trim() };
  }
}
