/** A column to be computed. */
export interface Definition {
  name: string;
  sql: string;
}

/** Columns to be computed one layer of SELECT after another: later layers use the names of earlier ones. */
export type Layers = Definition[][];

/** A SELECT of all that `from` has, and of what the layers define. */
export const stack = (from: string, layers: Layers): string =>
  layers.reduce(
    (sql, layer) => `SELECT *${layer.map((one) => `, ${one.sql} AS ${one.name}`).join('')} FROM (${sql})`,
    from,
  );

/** The first layers of all of them, then the second ones, and so on. */
export const inParallel = (all: readonly Layers[]): Layers =>
  Array.from({ length: Math.max(0, ...all.map((layers) => layers.length)) }, (_, depth) =>
    all.flatMap((layers) => layers[depth] ?? []),
  );
