/** `text` cut to at most `maxBytes` of UTF-8, at a code point's edge. Control characters become spaces. */
export function cutUtf8(text: string, maxBytes: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SQS and XML 1.0 refuse exactly these
  const clean = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ').toWellFormed();
  const bytes = Buffer.from(clean, 'utf8');
  if (bytes.length <= maxBytes) return clean;
  let end = maxBytes - 3;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}…`;
}

/** `1 file`, `2 files`: a number with its noun, given in the plural. */
export const counted = (n: number, plural: string): string =>
  `${n} ${n === 1 ? plural.replace(/s$/, '') : plural}`;
