/** Characters that travel between the texts of a shard, and so must be in none of them. */
import { ForebayError } from '../errors.ts';

export interface Marks {
  /** Stands between two texts. */
  separator: string;
  /** Stands for null. */
  none: string;
}

/** Two characters that no text of the shard can hold, for its bytes do not hold them: valid UTF-8 has one way. */
export function marksFor(shard: Uint8Array): Marks {
  const bytes = Buffer.from(shard.buffer, shard.byteOffset, shard.byteLength);
  const found: string[] = [];
  for (const character of candidates()) {
    if (!bytes.includes(character)) found.push(character);
    const [separator, none] = found;
    if (separator !== undefined && none !== undefined) return { separator, none };
  }
  throw new ForebayError(
    'TextsInseparable',
    `the shard of ${shard.length} bytes holds each of the characters that could part its texts: make shards smaller`,
  );
}

/** Control characters, from the one for this very purpose down, then those for private use. */
function* candidates(): Generator<string> {
  for (let code = 0x1f; code > 0x0d; code--) yield String.fromCharCode(code);
  for (let code = 0xe000; code <= 0xf8ff; code++) yield String.fromCharCode(code);
}
