/**
 * The ways to what is within a column, as messages and privacy rules have them: `address.street` is a member of a
 * struct, `lines[]` the elements of a list, `prices{}` the values of a map. Names hold no such signs.
 */

export const memberPath = (struct: string, name: string): string => `${struct}.${name}`;
export const elementPath = (list: string): string => `${list}[]`;
export const valuePath = (map: string): string => `${map}{}`;

/** Whether a path leads to something within what the other one names. */
export const isWithin = (path: string, outer: string): boolean =>
  path.startsWith(outer) && /^[.[{]/.test(path.slice(outer.length));
