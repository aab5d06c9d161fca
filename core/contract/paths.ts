import type { Contract } from '../job/model.ts';

/** A path into nested data, in the words of the source's format; no SQL begins so. */
export const isPath = (from: string): boolean => /^(\/|@|\.\.?\/)/.test(from);

/** The paths that columns and the filter are read from; of expressions all that may be one, without analysing SQL. */
export const pathsOf = ({ columns, filter }: Contract): string[] => {
  const sources = [...columns.map(({ from }) => from), filter].filter((source) => source !== null);
  return [
    ...new Set(sources.flatMap((source) => (isPath(source) ? [source] : quotedNames(source).filter(isPath)))),
  ];
};

const quotedNames = (sql: string): string[] =>
  [...sql.matchAll(/"((?:[^"]|"")*)"/g)].map(([, name = '']) => name.replaceAll('""', '"'));
