/** The options of `ndjson()` and `json()` for a file, told from its first bytes. */

type Options = Record<string, unknown>;

/** Lines that are arrays have their names in the first one, if all of it is texts. */
export function ndjsonOptions(start: string): Options {
  const [line = ''] = start.split('\n');
  const first: unknown = parsed(line);
  if (!Array.isArray(first)) return {};
  const names = first.every((value) => typeof value === 'string' && value.trim() !== '');
  if (names && new Set(first).size === first.length) return { header: 'first-line' };
  return { header: first.map((_, i) => `f${i + 1}`) };
}

export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A name with the colon behind it, another text, a bracket, or what lies between them. */
const words = /"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]|[^"{}[\]]+/gs;

/**
 * The records are the first array of objects that names alone lead to; where there is none in the first bytes, the
 * document itself is one.
 */
export function jsonOptions(start: string): Options {
  const open: Array<{ bracket: string; name: string }> = [];
  let name = '';
  let before = '';
  for (const [word, text, colon] of start.trimStart().matchAll(words)) {
    if (word.trim() === '') continue;
    if (colon !== undefined) name = String(parsed(`"${text}"`));
    if (word === '{' && before === '[' && open.filter(({ bracket }) => bracket === '[').length === 1) {
      const path = open.slice(1).map((outer) => step(outer.name));
      return path.length === 0 ? {} : { path: `$${path.join('')}` };
    }
    if (word === '{' || word === '[') open.push({ bracket: word, name });
    if (word === '}' || word === ']') open.pop();
    before = word;
  }
  return {};
}

const step = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `['${name.replace(/['\\]/g, '\\$&')}']`;
