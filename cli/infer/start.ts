/** What a file begins with: from that its format is told. */
import type { Encoding } from '../../core/job/model.ts';
import { startBytes } from '../../core/unpack/encoding.ts';
import { peek } from '../../core/unpack/peek.ts';
import { isPacked, unpack } from '../../core/unpack/unpack.ts';
import type { LocalFile } from '../read/file.ts';
import { toCheckedFormat } from '../read/flags.ts';
import { refusing } from '../read/refuse.ts';
import { csvOptions } from './csv.ts';
import { jsonOptions, ndjsonOptions, parsed } from './json.ts';
import { xmlOptions } from './xml.ts';

export interface Start {
  bytes: Buffer;
  /** Whether the file has no more. */
  whole: boolean;
}

const sampleBytes = 65_536;

/** Of its text, where the file is packed or in another encoding; `null`: nothing says which, but the file itself. */
export async function startOfFile(file: LocalFile, encoding: Encoding | null): Promise<Start> {
  const { start, all } = await peek(file.chunks(), startBytes);
  const limits = { packedBytes: file.bytes, maxBytes: Number.MAX_SAFE_INTEGER, encoding };
  const text = isPacked(start, encoding) ? unpack(all, limits) : all;
  const { start: bytes, all: rest } = await peek(text, sampleBytes);
  await rest.return(undefined);
  return { bytes: bytes.subarray(0, sampleBytes), whole: bytes.length < sampleBytes };
}

const textOf = ({ bytes }: Start): string =>
  bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();

/** By the first byte that is no blank. A JSON document of many lines that are each whole is NDJSON. */
export function kindOf(start: Start): string {
  const text = textOf(start);
  if (text.startsWith('<')) return 'xml';
  if (!/^[[{]/.test(text)) return 'csv';
  const [first = '', second = ''] = text.split(/\r?\n/);
  return parsed(first) !== undefined && second.trimStart().startsWith(text.charAt(0)) ? 'ndjson' : 'json';
}

/** The options of a format: those that are given, and what the first bytes tell of the others. */
export async function optionsOf(
  path: string,
  kind: string,
  given: Record<string, unknown>,
  start: Start,
): Promise<Record<string, unknown>> {
  if (kind === 'xml') return { ...xmlOptions(textOf(start)), ...given };
  const format = await toCheckedFormat(kind, given);
  const told = await refusing(path, 'all', 0, async () => {
    if (format.kind === 'csv') return csvOptions(format, given, start.bytes, start.whole);
    if (kind === 'ndjson') return ndjsonOptions(textOf(start));
    return kind === 'json' ? jsonOptions(textOf(start)) : {};
  });
  return { ...told, ...given };
}
