/** The options of `xml()` for a file, told from its first bytes. */
import { SaxesParser } from 'saxes';
import { recordPath } from '../../core/formats/xml/path.ts';

type Options = Record<string, unknown>;

interface Open {
  path: string;
  /** How many elements of each name are in it. */
  within: Map<string, number>;
}

/**
 * A record is the outermost element that comes more than once in its parent. Where none does in the first bytes, only
 * the user knows. What is not well formed is for the scan to tell.
 */
export function xmlOptions(start: string): Options {
  const record = repeatedPaths(start).sort((a, b) => depth(a) - depth(b))[0];
  return record === undefined ? {} : { record };
}

const depth = (path: string): number => path.split('/').length;

/** In the order in which they are seen to come again. */
function repeatedPaths(start: string): string[] {
  const open: Open[] = [];
  const found = new Set<string>();
  const parser = new SaxesParser({ position: false });
  parser.on('error', () => undefined);
  parser.on('opentag', ({ name: written }) => {
    const name = written.slice(written.indexOf(':') + 1);
    const parent = open.at(-1);
    const path = `${parent?.path ?? ''}/${name}`;
    const count = (parent?.within.get(name) ?? 0) + 1;
    parent?.within.set(name, count);
    if (count > 1 && recordPath(path, false) !== null) found.add(path);
    open.push({ path, within: new Map() });
  });
  parser.on('closetag', () => open.pop());
  parser.write(start);
  return [...found];
}
