/** Characters that travel between the texts of a shard, and so must be in none of them. */
import { ForebayError } from '../errors.ts';
import { asBuffer } from './bytes.ts';

export interface Marks {
  /** Stands between two texts. */
  separator: string;
  /** Stands for null. */
  none: string;
}

/**
 * Two characters that no text of the shard can hold: its bytes do not hold them (valid UTF-8 has one way to), nor are
 * they `escaped` there.
 */
export function marksFor(shard: Uint8Array, escaped: (code: number) => boolean = () => false): Marks {
  const bytes = asBuffer(shard);
  const found: string[] = [];
  for (const code of candidates()) {
    const character = String.fromCharCode(code);
    if (!escaped(code) && !bytes.includes(character)) found.push(character);
    const [separator, none] = found;
    if (separator !== undefined && none !== undefined) return { separator, none };
  }
  throw new ForebayError(
    'TextsInseparable',
    `the shard of ${shard.length} bytes holds each of the characters that could part its texts: make shards smaller`,
  );
}

/** Control characters, from the one for this very purpose down, then those for private use. */
function* candidates(): Generator<number> {
  for (let code = 0x1f; code > 0x0d; code--) yield code;
  for (let code = 0xe000; code <= 0xf8ff; code++) yield code;
}
