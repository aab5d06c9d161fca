/**
 * For each beginning of a delimiter, by its length less one: how many of its last bytes are a shorter beginning (Knuth,
 * Morris and Pratt's table). The last entry is 0 where the delimiter cannot overlap itself.
 */
export function overlapsOf(delimiter: Buffer): number[] {
  const overlaps = [0];
  let length = 0;
  for (let i = 1; i < delimiter.length; i++) {
    while (length > 0 && delimiter[i] !== delimiter[length]) length = overlaps[length - 1] ?? 0;
    if (delimiter[i] === delimiter[length]) length++;
    overlaps.push(length);
  }
  return overlaps;
}
