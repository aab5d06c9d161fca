/** Counting repeated keys of a slice: each shard has its ids, a line each, sorted; a merge meets equals in a row. */

/** A UUID in text, its hex digits in lower case, and a line end. */
export const idBytes = 37;

/** Gives a shard's next ids, some whole ones at a time; an empty buffer at the end. */
export type NextIds = () => Promise<Buffer>;

interface Cursor {
  ids: Buffer;
  at: number;
  /** Of the id that it stands at. */
  head: number;
  next: NextIds;
}

/** Values of hex digits by their character's code. */
const digits = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0 : value;
});

/** An id's first 48 bits, in its order: they tell nearly all ids apart, many times faster than the bytes do. */
function headOf(ids: Buffer, at: number): number {
  let head = 0;
  for (let i = 0; i < 8; i++) head = head * 16 + (digits[ids[at + i] ?? 0] ?? 0);
  for (let i = 9; i < 13; i++) head = head * 16 + (digits[ids[at + i] ?? 0] ?? 0);
  return head;
}

/** How many ids equal an earlier one. Memory: one block of ids for each shard. */
export async function countRepeats(shards: readonly NextIds[]): Promise<number> {
  const heap: Cursor[] = [];
  const blocks = await Promise.all(shards.map(async (next) => ({ ids: await next(), next })));
  for (const { ids, next } of blocks)
    if (ids.length > 0) push(heap, { ids, at: 0, head: headOf(ids, 0), next });
  let repeats = 0;
  const last = Buffer.alloc(idBytes);
  let seen = false;
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    if (seen && top.ids.compare(last, 0, idBytes, top.at, top.at + idBytes) === 0) repeats += 1;
    else top.ids.copy(last, 0, top.at, top.at + idBytes);
    seen = true;
    top.at += idBytes;
    // Waiting for each id, and not for each block, would take longer than all else.
    if (top.at === top.ids.length) await refill(top);
    if (top.ids.length === 0) remove(heap);
    else {
      top.head = headOf(top.ids, top.at);
      sink(heap, 0);
    }
  }
  return repeats;
}

async function refill(cursor: Cursor): Promise<void> {
  cursor.ids = await cursor.next();
  cursor.at = 0;
}

const before = (a: Cursor, b: Cursor): boolean =>
  a.head === b.head ? a.ids.compare(b.ids, b.at, b.at + idBytes, a.at, a.at + idBytes) < 0 : a.head < b.head;

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
