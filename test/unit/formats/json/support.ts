import type { JsonFormat, NdjsonFormat } from '../../../../core/job/model.ts';

export const ndjson = (header: NdjsonFormat['header'] = null): NdjsonFormat => ({
  ...{ kind: 'ndjson', header, required: false, encoding: 'utf-8' },
});

export const json = (path = '$'): JsonFormat => ({ kind: 'json', path, required: false, encoding: 'utf-8' });

/** The value of a JSON text, or `null`: it is none. No JSON text is wrapped to be told from that. */
export function parsed(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/** Strings with a colon behind them: as many names as are written. */
const namesWritten = (text: string): number =>
  (text.match(/"(?:[^"\\]|\\.)*"[ \t\n\r]*:?/gs) ?? []).filter((word) => word.endsWith(':')).length;

/** As many names as are left when the last of equal ones is taken. */
function namesKept(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + namesKept(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.keys(value).length + namesKept(Object.values(value));
}

/** Whether an object within a right JSON text has a name twice. */
export const repeatsName = (text: string, value: unknown): boolean => namesWritten(text) > namesKept(value);

/** Whether a text or a name within a value is half of a surrogate pair. */
export function hasHalfPair(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => !name.isWellFormed() || hasHalfPair(member));
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every word of just so many letters; a letter may be several characters. */
export function* wordsOf(letters: readonly string[], length: number): Generator<string> {
  if (length === 0) yield '';
  else for (const word of wordsOf(letters, length - 1)) for (const letter of letters) yield word + letter;
}
