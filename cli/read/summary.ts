/** What became of a file's records, in one line. */
import type { Account } from './shards.ts';

export interface Summary extends Account {
  bytes: number;
  ms: number;
}

/** `12,118 records, 3 rejected: RaggedRow 2, CastFailed 1; 2.4 MB in 0.1 s` */
export function summaryLine(summary: Summary): string {
  const { records, filtered, rejected, rejectsByCode, discarded, bytes, ms } = summary;
  const why = codesLine(rejectsByCode);
  const lost = codesLine(discarded);
  const parts = [
    `${grouped(records)} ${records === 1 ? 'record' : 'records'}`,
    ...(filtered === 0 ? [] : [`${grouped(filtered)} filtered`]),
    `${grouped(rejected)} rejected${why === '' ? '' : `: ${why}`}`,
    ...(lost === '' ? [] : [`values discarded: ${lost}`]),
  ];
  return `${parts.join(', ')}; ${sizeOf(bytes)} in ${(ms / 1_000).toFixed(1)} s`;
}

/** The most frequent first. */
export const codesLine = (rejectsByCode: Readonly<Record<string, number>>): string =>
  Object.entries(rejectsByCode)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([code, count]) => `${code} ${grouped(count)}`)
    .join(', ');

export const grouped = (n: number): string => n.toLocaleString('en-US');

/** In decimal units, one digit behind the point. */
export function sizeOf(bytes: number): string {
  const unit = [
    { name: 'GB', bytes: 1e9 },
    { name: 'MB', bytes: 1e6 },
    { name: 'kB', bytes: 1e3 },
  ].find((each) => bytes >= each.bytes);
  return unit === undefined ? `${bytes} B` : `${(bytes / unit.bytes).toFixed(1)} ${unit.name}`;
}
