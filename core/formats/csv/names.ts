/**
 * Names for the fields of a header that has some twice or leaves some out. A name that stands there keeps its place:
 * the first field that has it is called so. Each later one gets the first of `name_2`, `name_3` … that no other field
 * has; a field without a name is taken for one called `f` and its number, as where a file has no header.
 */
export function renamed(names: readonly string[]): string[] {
  const written = names.map((name) => (isNameless(name) ? null : name));
  const taken = new Set<string | null>(written);
  const seen = new Set<string>();
  return written.map((name, at) => {
    if (name !== null && !seen.has(name)) {
      seen.add(name);
      return name;
    }
    const base = name ?? numberedName(at);
    let free = base;
    for (let n = 2; taken.has(free); n++) free = `${base}_${n}`;
    taken.add(free);
    return free;
  });
}

export const isNameless = (name: string): boolean => name.trim() === '';

/** `at`: the field's position, from 0. */
export const numberedName = (at: number): string => `f${at + 1}`;
