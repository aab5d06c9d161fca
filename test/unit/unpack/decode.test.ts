/** Each encoding against a table that is not ours: Python's codecs, or what The Unicode Standard says of UTF-16. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Encoding } from '../../../core/job/model.ts';
import { unpacked } from '../../support/text.ts';

/** For each byte the character that Python's codec has for it, `null` for none. */
function tableOf(codec: string): Array<string | null> {
  const script = `
import json
def one(byte):
    try: return bytes([byte]).decode("${codec}")
    except UnicodeDecodeError: return None
print(json.dumps([one(byte) for byte in range(256)]))`;
  return JSON.parse(execFileSync('python3', ['-c', script], { encoding: 'utf8' }));
}

describe.each([
  ['latin-1', 'iso8859-1', []],
  ['windows-1252', 'cp1252', [0x81, 0x8d, 0x8f, 0x90, 0x9d]],
] as const)('%s', (encoding, codec, holes) => {
  const table = tableOf(codec);

  test('has for each byte the character that Python has for it', async () => {
    expect(table.flatMap((character, byte) => (character === null ? [byte] : []))).toEqual(holes);
    for (const [byte, character] of table.entries()) {
      // Behind a letter, since a byte may begin a mark or gzip where it comes first.
      const file = Buffer.from([0x61, byte, 0x62]);
      if (character === null) continue;
      expect((await unpacked(file, { encoding })).toString(), `byte ${byte}`).toBe(`a${character}b`);
    }
  });

  test('takes all its bytes in one text, in pieces of any size', async () => {
    const bytes = table.flatMap((character, byte) => (character === null ? [] : [byte]));
    const file = Buffer.from([0x61, ...bytes, ...bytes.reverse()]);
    const text = [...file].map((byte) => table[byte]).join('');
    for (const chunk of [1, 2, 3, 100, 1_000]) {
      expect((await unpacked(file, { encoding, chunk })).toString()).toBe(text);
    }
  });
});

test.each([0x81, 0x8d, 0x8f, 0x90, 0x9d])(
  'F48 windows-1252 refuses the byte %i, which it does not have, with its offset',
  async (hole) => {
    const file = Buffer.from([...Buffer.from('name\nM\xfcller\n', 'latin1'), hole, 0x0a]);
    for (const chunk of [1, 3, 1_000]) {
      await expect(unpacked(file, { encoding: 'windows-1252', chunk })).rejects.toThrow(
        /^EncodingInvalid: byte 12 stands for no character of windows-1252; /,
      );
    }
  },
);

const byteOrders = ['utf-16le', 'utf-16be'] as const;

/** Code units as bytes, written one by one. */
function unitsOf(encoding: (typeof byteOrders)[number], units: readonly number[]): Buffer {
  return Buffer.from(
    units.flatMap((unit) => (encoding === 'utf-16le' ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255])),
  );
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

describe.each(byteOrders)('%s', (encoding) => {
  const text = 'id,náme\r\n1,"€ 日本\n𝄞😀"\n2,\u0000\u007f\u0080߿ࠀ￿\n';
  const units = [...text].flatMap((character) =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i)),
  );

  test.each([
    ['with a byte order mark', [0xfeff]],
    ['without one', []],
  ])('F48 is read %s, cut at every byte', async (_, mark) => {
    const file = unitsOf(encoding, [...mark, ...units]);
    for (let chunk = 1; chunk <= file.length; chunk++) {
      const given: Encoding = mark.length > 0 ? 'utf-8' : encoding;
      expect((await unpacked(file, { encoding: given, chunk })).toString(), `${chunk}`).toBe(text);
    }
  });

  test('has each code unit but the surrogates', async () => {
    const all = Array.from({ length: 65_536 }, (_, unit) => unit).filter((unit) => !isSurrogate(unit));
    const file = unitsOf(encoding, [0x61, ...all]);
    const read = (await unpacked(file, { encoding })).toString();
    expect(read.length).toBe(all.length + 1);
    expect(all.findIndex((unit, i) => read.charCodeAt(i + 1) !== unit)).toBe(-1);
  });

  test('has each character beyond the first plane as its pair', async () => {
    const points = Array.from({ length: 0x10_0000 / 64 }, (_, i) => 0x1_0000 + i * 64 + (i % 64));
    const pairs = points.flatMap((point) => [
      0xd800 + ((point - 0x1_0000) >> 10),
      0xdc00 + ((point - 0x1_0000) & 0x3ff),
    ]);
    const read = (await unpacked(unitsOf(encoding, [0x61, ...pairs]), { encoding })).toString();
    expect(read).toBe(
      `a${String.fromCodePoint(...points.slice(0, 8_192))}${String.fromCodePoint(...points.slice(8_192))}`,
    );
  });

  test.each([
    ['a high one before a letter', [0x61, 0xd83d, 0x62], 2],
    ['a low one', [0x61, 0x62, 0xde00, 0x63], 4],
    ['two high ones and a low one', [0x61, 0xd83d, 0xd83d, 0xde00], 2],
    ['a pair and a low one', [0x61, 0xd83d, 0xde00, 0xde00], 6],
    ['the two in the wrong order', [0x61, 0xde00, 0xd83d, 0x62], 2],
    ['the first of the range', [0x61, 0xd800, 0x62], 2],
    ['the last of the range', [0x61, 0xdfff, 0x62], 2],
  ])(
    'refuses a surrogate without its other half, with its offset, however it is cut: %s',
    async (_, given, at) => {
      const file = unitsOf(encoding, given);
      for (let chunk = 1; chunk <= file.length; chunk++) {
        await expect(unpacked(file, { encoding, chunk }), `${chunk}`).rejects.toThrow(
          new RegExp(`^EncodingInvalid: the surrogate at byte ${at} has no other half`),
        );
      }
    },
  );

  test.each([
    ['an odd byte', [...unitsOf(encoding, [0x61, 0x62]), 0x63], 4],
    ['half a pair', [...unitsOf(encoding, [0x61, 0xd83d])], 2],
    ['half a pair and an odd byte', [...unitsOf(encoding, [0x61, 0xd83d]), 0x3d], 2],
    ['an odd byte alone', [0x61], 0],
  ])('refuses a file that ends within a character, with the offset of that: %s', async (_, bytes, at) => {
    for (let chunk = 1; chunk <= bytes.length; chunk++) {
      await expect(unpacked(Buffer.from(bytes), { encoding, chunk })).rejects.toThrow(
        new RegExp(`^EncodingInvalid: the file ends within the UTF-16[LB]E character at byte ${at};`),
      );
    }
  });

  test('offsets count the byte order mark', async () => {
    const file = unitsOf(encoding, [0xfeff, 0x61, 0xde00]);
    await expect(unpacked(file)).rejects.toThrow(/^EncodingInvalid: the surrogate at byte 4 /);
  });

  test('takes and refuses what an independent decoder does, for any units in any pieces', async () => {
    const unit = fc.oneof(
      fc.constantFrom(0xd800, 0xd83d, 0xdbff, 0xdc00, 0xde00, 0xdfff, 0xd7ff, 0xe000),
      fc.integer({ min: 0x20, max: 0x2fff }),
    );
    const oracle = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(unit, { maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        async (rest, chunk) => {
          const file = unitsOf(encoding, [0x61, ...rest]);
          let expected: string | null;
          try {
            expected = oracle.decode(file);
          } catch {
            expected = null;
          }
          const read = await unpacked(file, { encoding, chunk }).then(
            String,
            (error: Error) => error.message,
          );
          if (expected === null) expect(read).toMatch(/^EncodingInvalid: /);
          else expect(read).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('what is declared UTF-8 passes as it is, bytes that are none included: records are refused one by one', async () => {
  const file = Buffer.from([0x61, 0xff, 0x0a, 0xc3]);
  for (const chunk of [1, 100]) expect(await unpacked(file, { chunk })).toEqual(file);
});

test('text has no mark, but for one that parts a second, which is text, from the first', async () => {
  const twice = '\ufeff\ufeffa';
  expect(String(await unpacked(Buffer.from('\ufeffa')))).toBe('a');
  for (const file of [Buffer.from(twice), Buffer.from(twice, 'utf16le')]) {
    for (const chunk of [1, 2, 5, 100]) expect(String(await unpacked(file, { chunk }))).toBe(twice);
  }
});

test('a file of nothing but its mark is empty, as one of nothing is', async () => {
  for (const bytes of [[], [0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff]]) {
    expect((await unpacked(Buffer.from(bytes), { chunk: 1 })).length).toBe(0);
  }
});

test('text that is longer in UTF-8 than one function finishes is refused', async () => {
  const file = Buffer.from('ä'.repeat(50), 'latin1');
  expect((await unpacked(file, { encoding: 'latin-1', maxBytes: 100 })).length).toBe(100);
  await expect(unpacked(file, { encoding: 'latin-1', maxBytes: 99 })).rejects.toThrow(
    /^ObjectTooLarge: in UTF-8 it is longer than the 99 bytes .*smaller files$/,
  );
});
