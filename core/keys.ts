/**
 * Repeated keys of a slice. Each shard has a list of its written records, a line each, sorted: the record's id and
 * its number within the shard. A merge of the lists meets the records of one key in a row, and in their order.
 */

/** A UUID in text, its hex digits in lower case. */
const idLength = 36;
/** A shard has fewer bytes than this many digits can count. */
export const recordDigits = 10;
/** Id, blank, record number with leading zeros, line end. */
export const lineBytes = idLength + 1 + recordDigits + 1;

/** Gives a shard's next lines, some whole ones at a time; an empty buffer at the end. */
export type NextLines = () => Promise<Buffer>;

/** A record, by the position of its shard's list and its number within the shard. */
export interface Place {
  shard: number;
  record: number;
}

/**
 * Is told of each record whose key the one before it has, too: of that one, and whether it is the key's first.
 */
export type OnRepeat = (before: Place, record: Place, isFirst: boolean) => void;

interface Cursor {
  lines: Buffer;
  at: number;
  /** Of the id that it stands at. */
  head: number;
  next: NextLines;
  /** Position of the list, which is the shards' order. */
  shard: number;
}

/** Values of hex digits by their character's code. */
const digits = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0 : value;
});

/** An id's first 48 bits, in its order: they tell nearly all ids apart, many times faster than the bytes do. */
function headOf(lines: Buffer, at: number): number {
  let head = 0;
  for (let i = 0; i < 8; i++) head = head * 16 + (digits[lines[at + i] ?? 0] ?? 0);
  for (let i = 9; i < 13; i++) head = head * 16 + (digits[lines[at + i] ?? 0] ?? 0);
  return head;
}

const recordAt = (lines: Buffer, at: number): number =>
  Number(lines.toString('latin1', at + idLength + 1, at + idLength + 1 + recordDigits));

/** Merges the lists and gives the number of their lines. Memory: one block of lines for each shard. */
export async function mergeKeys(shards: readonly NextLines[], onRepeat: OnRepeat): Promise<number> {
  const heap = await openHeap(shards);
  const last = { line: Buffer.alloc(lineBytes), shard: 0, isFirst: true };
  let count = 0;
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    const { lines, at, shard } = top;
    const repeats = count > 0 && lines.compare(last.line, 0, idLength, at, at + idLength) === 0;
    if (repeats) {
      const earlier = { shard: last.shard, record: recordAt(last.line, 0) };
      onRepeat(earlier, { shard, record: recordAt(lines, at) }, last.isFirst);
    }
    lines.copy(last.line, 0, at, at + lineBytes);
    last.shard = shard;
    last.isFirst = !repeats;
    count += 1;
    top.at += lineBytes;
    // Waiting for each line, and not for each block, would take longer than all else.
    if (top.at === lines.length) await refill(top);
    advance(heap, top);
  }
  return count;
}

/** How many records have the key of an earlier one. */
export async function countRepeats(shards: readonly NextLines[]): Promise<number> {
  let repeats = 0;
  await mergeKeys(shards, () => {
    repeats += 1;
  });
  return repeats;
}

async function openHeap(shards: readonly NextLines[]): Promise<Cursor[]> {
  const heap: Cursor[] = [];
  const blocks = await Promise.all(shards.map((next) => next()));
  for (const [shard, lines] of blocks.entries()) {
    const next = shards[shard];
    if (next !== undefined && lines.length > 0)
      push(heap, { lines, at: 0, head: headOf(lines, 0), next, shard });
  }
  return heap;
}

async function refill(cursor: Cursor): Promise<void> {
  cursor.lines = await cursor.next();
  cursor.at = 0;
}

/** Puts the heap in order after its top went on. */
function advance(heap: Cursor[], top: Cursor): void {
  if (top.lines.length === 0) remove(heap);
  else {
    top.head = headOf(top.lines, top.at);
    sink(heap, 0);
  }
}

/** By id; the records of one id in the order of their shards, and within a shard as their lines stand. */
function before(a: Cursor, b: Cursor): boolean {
  if (a.head !== b.head) return a.head < b.head;
  const order = a.lines.compare(b.lines, b.at, b.at + idLength, a.at, a.at + idLength);
  return order === 0 ? a.shard < b.shard : order < 0;
}

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
