/** Text of other encodings as UTF-8. What an encoding does not have refuses the file: nothing is put in its place. */
import { ForebayError } from '../errors.ts';
import type { Encoding } from '../job/model.ts';

/** Fed with bytes in pieces of any size, in order. Throws `EncodingInvalid`. */
export interface Decoder {
  push(bytes: Buffer): Buffer;
  /** The file's end: no character may be left half. */
  end(): void;
}

/** `offset`: of the first byte that it is fed with, within the file (unzipped, with its mark). */
export function decoderOf(encoding: Encoding, offset: number): Decoder {
  switch (encoding) {
    case 'utf-8':
      // Record by record a reading refuses what is not UTF-8.
      return { push: (bytes) => bytes, end: () => undefined };
    case 'latin-1':
      return { push: (bytes) => Buffer.from(bytes.toString('latin1')), end: () => undefined };
    case 'windows-1252':
      return windows1252(offset);
    case 'utf-16le':
    case 'utf-16be':
      return utf16(encoding, offset);
  }
}

/** What windows-1252 has from 0x80 on where ISO 8859-1 has controls; its five holes are left as blanks. */
const from80 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
const controls = /[\x80-\x9f]/g;
const holes = /[\x81\x8d\x8f\x90\x9d]/;

function windows1252(offset: number): Decoder {
  let at = offset;
  return {
    push(bytes) {
      const text = bytes.toString('latin1');
      const hole = text.search(holes);
      if (hole >= 0) throw invalid(`byte ${at + hole} stands for no character of windows-1252`);
      at += bytes.length;
      return Buffer.from(text.replace(controls, (control) => from80.charAt(control.charCodeAt(0) - 0x80)));
    },
    end: () => undefined,
  };
}

function utf16(encoding: 'utf-16le' | 'utf-16be', offset: number): Decoder {
  const [name, high] = encoding === 'utf-16le' ? ['UTF-16LE', 1] : ['UTF-16BE', 0];
  let at = offset;
  /** An odd byte, or a surrogate whose other half is to come, or both. */
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      let length = all.length - (all.length % 2);
      if (length > 0 && isHighSurrogate(all[length - 2 + high])) length -= 2;
      const units = all.subarray(0, length);
      // The caller's bytes may be used again before the next call, and are not ours to swap.
      rest = Buffer.from(all.subarray(length));
      const text = (encoding === 'utf-16le' ? units : Buffer.from(units).swap16()).toString('utf16le');
      if (!text.isWellFormed()) {
        const lone = at + 2 * text.search(/\p{Surrogate}/u);
        throw invalid(`the surrogate at byte ${lone} has no other half, as ${name} asks`);
      }
      at += length;
      return Buffer.from(text);
    },
    end() {
      if (rest.length > 0) throw invalid(`the file ends within the ${name} character at byte ${at}`);
    },
  };
}

const isHighSurrogate = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0xd8 && byte <= 0xdb;

const invalid = (what: string): ForebayError =>
  new ForebayError('EncodingInvalid', `${what}; put the file right, or the job's format.encoding`);
