import type { Contract } from '../job/model.ts';

/** A path into nested data, in the words of the source's format; no SQL begins so. */
export const isPath = (from: string): boolean => /^(\/|@|\.\.?\/)/.test(from);

/** The paths that columns are read from. */
export const pathsOf = ({ columns }: Contract): string[] =>
  columns.flatMap(({ from }) => (from !== null && isPath(from) ? [from] : []));
