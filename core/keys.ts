/** Counting repeated keys of a slice: each shard has its ids, a line each, sorted; a merge meets equals in a row. */

/** A UUID in text and a line end. */
export const idBytes = 37;

/** Gives a shard's next ids, some whole ones at a time; an empty buffer at the end. */
export type NextIds = () => Promise<Buffer>;

interface Cursor {
  ids: Buffer;
  at: number;
  next: NextIds;
}

/** How many ids equal an earlier one. Memory: one block of ids for each shard. */
export async function countRepeats(shards: readonly NextIds[]): Promise<number> {
  const heap: Cursor[] = [];
  const first = await Promise.all(shards.map(async (next) => ({ ids: await next(), at: 0, next })));
  for (const cursor of first) if (cursor.ids.length > 0) push(heap, cursor);
  let repeats = 0;
  const last = Buffer.alloc(idBytes);
  let seen = false;
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    if (seen && top.ids.compare(last, 0, idBytes, top.at, top.at + idBytes) === 0) repeats += 1;
    else top.ids.copy(last, 0, top.at, top.at + idBytes);
    seen = true;
    if (await advance(top)) sink(heap, 0);
    else remove(heap);
  }
  return repeats;
}

async function advance(cursor: Cursor): Promise<boolean> {
  cursor.at += idBytes;
  if (cursor.at < cursor.ids.length) return true;
  cursor.ids = await cursor.next();
  cursor.at = 0;
  return cursor.ids.length > 0;
}

const before = (a: Cursor, b: Cursor): boolean =>
  a.ids.compare(b.ids, b.at, b.at + idBytes, a.at, a.at + idBytes) < 0;

function push(heap: Cursor[], cursor: Cursor): void {
  heap.push(cursor);
  let i = heap.length - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!swapIfBefore(heap, i, parent)) return;
    i = parent;
  }
}

function remove(heap: Cursor[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
}

function sink(heap: Cursor[], from: number): void {
  let i = from;
  for (;;) {
    const left = 2 * i + 1;
    const right = left + 1;
    const [l, r] = [heap[left], heap[right]];
    if (l === undefined) return;
    const child = r !== undefined && before(r, l) ? right : left;
    if (!swapIfBefore(heap, child, i)) return;
    i = child;
  }
}

function swapIfBefore(heap: Cursor[], i: number, j: number): boolean {
  const [a, b] = [heap[i], heap[j]];
  if (a === undefined || b === undefined || !before(a, b)) return false;
  heap[i] = b;
  heap[j] = a;
  return true;
}
