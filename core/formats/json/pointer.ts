/**
 * The names that a JSON Pointer (RFC 6901) leads through; `null` for a text that is none: each `~` is followed by 0
 * (for `~`) or 1 (for `/`).
 */
export function pointerNames(pointer: string): string[] | null {
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The element of an array that a name means, or `null`: digits without a leading zero. `-` is behind the last. */
export const pointerIndex = (name: string): number | null =>
  /^(0|[1-9]\d*)$/.test(name) ? Number(name) : null;
