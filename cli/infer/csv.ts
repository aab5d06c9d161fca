/** The options of `csv()` for a file, told from its first bytes; what the caller says is not told anew. */
import { byteOrderMark } from '../../core/formats/text.ts';
import type { CsvFormat } from '../../core/job/model.ts';
import { dialectIn, isHeader, sampleRecords } from './dialect.ts';

/** Those that differ from the defaults; `header` is always said. */
export function csvOptions(
  format: CsvFormat,
  given: Readonly<Record<string, unknown>>,
  start: Buffer,
  whole: boolean,
): Record<string, unknown> {
  const rows = Number(given.skipRows ?? 0);
  const sample = behindLines(start.subarray(byteOrderMark(start)), rows);
  const dialect = dialectIn(format, sample, whole, new Set(Object.keys(given)));
  const { delimiter, quote } = dialect;
  return {
    ...(delimiter === ',' ? {} : { delimiter }),
    ...(quote === '"' ? {} : { quote }),
    ...(dialect.escape === quote ? {} : { escape: dialect.escape }),
    ...('header' in given ? {} : headerOptions(sampleRecords({ ...format, ...dialect }, sample, whole))),
  };
}

function headerOptions(records: readonly string[][]): Record<string, unknown> {
  const [first] = records;
  if (first === undefined) return {};
  if (!isHeader(first)) {
    const width = Math.max(0, ...mostFrequent(records.map(({ length }) => length)));
    return { header: Array.from({ length: width }, (_, i) => `f${i + 1}`) };
  }
  const right = new Set(first).size === first.length && first.every((name) => name.trim() !== '');
  return right ? { header: true } : { header: true, headerNames: 'rename' };
}

function mostFrequent(numbers: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return [...counts].flatMap(([number, count]) => (count === most ? [number] : []));
}

function behindLines(sample: Buffer, lines: number): Buffer {
  let rest = sample;
  for (let n = 0; n < lines; n++) {
    const end = rest.findIndex((byte) => byte === 10 || byte === 13);
    if (end < 0) return rest.subarray(rest.length);
    rest = rest.subarray(rest[end] === 13 && rest[end + 1] === 10 ? end + 2 : end + 1);
  }
  return rest;
}
