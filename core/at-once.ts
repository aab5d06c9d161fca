/** Many small pieces of work that wait for somebody else: beside each other, but not all of them at the same time. */

/** Small objects of a run that are read beside each other: more would only wait for the connection. */
export const readsAtOnce = 32;

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets at most `most` pieces of work through at a time; the others wait for their turn, in order. */
export function gate(most: number): Gate {
  let underWay = 0;
  const waiting: Array<() => void> = [];
  return async (work) => {
    if (underWay >= most) await new Promise<void>((turn) => waiting.push(turn));
    else underWay += 1;
    try {
      return await work();
    } finally {
      // Whoever waited longest takes this place over, so that nobody who comes just now is quicker.
      const next = waiting.shift();
      if (next === undefined) underWay -= 1;
      else next();
    }
  };
}

/** The results in the items' order; the first that fails fails the whole. */
export function mapAtOnce<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const through = gate(most);
  return Promise.all(items.map((item) => through(() => work(item))));
}
