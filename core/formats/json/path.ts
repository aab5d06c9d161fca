/**
 * The path to a JSON document's records: `$`, and members' names behind it, as RFC 9535 writes them: `.name` where
 * the name is of letters, digits, `_` and what is not ASCII, and does not begin with a digit; else `['a name']` or
 * `["a name"]`, in which `\` keeps the quote or `\` behind it from meaning anything.
 */
const step =
  /\.([A-Za-z_\u0080-\u{10ffff}][\w\u0080-\u{10ffff}]*)|\['((?:[^'\\]|\\['\\])*)'\]|\["((?:[^"\\]|\\["\\])*)"\]/uy;

/** The names from the document down; `null` for what is no such path. */
export function memberPath(path: string): string[] | null {
  if (!path.startsWith('$')) return null;
  const names: string[] = [];
  step.lastIndex = 1;
  for (let end = 1; end < path.length; end = step.lastIndex) {
    const found = step.exec(path);
    if (found === null) return null;
    const [, plain, single, double] = found;
    names.push(plain ?? (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  }
  return names;
}
