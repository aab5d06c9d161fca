import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gunzip } from '../../../core/unpack/gzip.ts';
import { collected, inChunks, unpacked } from '../../support/text.ts';

const MiB = 1_024 * 1_024;
const [first, second] = ['id,name\n1,a\n', '2,b\n3,"c\nd"\n'].map((text) => gzipSync(text)) as [
  Buffer,
  Buffer,
];
const whole = 'id,name\n1,a\n2,b\n3,"c\nd"\n';

/** With the file's own length as the largest piece, every cut between two bytes is met. */
async function everyCut(file: Buffer, check: (read: Promise<string>, chunk: number) => Promise<void>) {
  for (let chunk = 1; chunk <= file.length; chunk++) {
    await check(unpacked(file, { chunk }).then(String), chunk);
  }
}

const refused = (file: Buffer, why: RegExp) =>
  everyCut(file, (read, chunk) => expect(read, `pieces of ${chunk}`).rejects.toThrow(why));

test('F45 members are read one after another, wherever the file is cut', async () => {
  const empty = gzipSync('');
  await everyCut(Buffer.concat([first, second]), (read) => expect(read).resolves.toBe(whole));
  await everyCut(Buffer.concat([empty, first, empty, second, empty]), (read) =>
    expect(read).resolves.toBe(whole),
  );
});

test('F45 of a thousand members none is lost', async () => {
  const lines = Array.from({ length: 1_000 }, (_, n) => `${n},${'x'.repeat(n % 50)}\n`);
  const file = Buffer.concat(lines.map((line) => gzipSync(line)));
  for (const chunk of [1, 17, 65_536]) expect(String(await unpacked(file, { chunk }))).toBe(lines.join(''));
});

test("another writer's members are read, with every field that a header may have", async () => {
  const script = `
import sys, zlib, struct
data = b'a,b\\n1,2\\n'
deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
body = deflate.compress(data) + deflate.flush()
extra = b'AB' + struct.pack('<H', 3) + b'xyz'
header = b'\\x1f\\x8b\\x08' + bytes([0x1f]) + b'\\0\\0\\0\\0\\2\\3' + struct.pack('<H', len(extra)) + extra + b'name.csv\\0' + b'a comment\\0'
header += struct.pack('<H', zlib.crc32(header) & 0xffff)
sys.stdout.buffer.write((header + body + struct.pack('<II', zlib.crc32(data), len(data))) * 2)`;
  const file = execFileSync('python3', ['-c', script]);
  await everyCut(file, (read) => expect(read).resolves.toBe('a,b\n1,2\na,b\n1,2\n'));
});

describe('F44 refused as a whole is', () => {
  test('a file that is cut off anywhere, in the first member or a later one', async () => {
    const file = Buffer.concat([first, second]);
    for (let length = 2; length < file.length; length++) {
      if (length === first.length) continue;
      const cut = file.subarray(0, length);
      for (const chunk of [1, 7, length]) {
        await expect(unpacked(cut, { chunk }), `${length} in pieces of ${chunk}`).rejects.toThrow(
          `GzipInvalid: the file is broken gzip: it ends at byte ${length}, within a member; deliver it again, whole`,
        );
      }
    }
  });

  test('a member whose checksum or length differs in any bit', async () => {
    for (const member of [0, 1]) {
      for (let bit = 0; bit < 64; bit++) {
        const parts = [Buffer.from(first), Buffer.from(second)];
        const broken = parts[member] ?? first;
        const at = broken.length - 8 + (bit >> 3);
        broken[at] = (broken[at] ?? 0) ^ (1 << (bit & 7));
        const why =
          bit < 32 ? /^GzipInvalid: .*incorrect data check/ : /^GzipInvalid: .*incorrect length check/;
        await expect(unpacked(Buffer.concat(parts)), `member ${member}, bit ${bit}`).rejects.toThrow(why);
      }
    }
  });

  test('a member whose data was changed in any bit that says anything', async () => {
    const text = createHash('sha512').update('some text').digest('hex');
    const file = gzipSync(text);
    const unchanged: number[] = [];
    for (let bit = 80; bit < (file.length - 8) * 8; bit++) {
      const broken = Buffer.from(file);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const read = await unpacked(broken).then(String, (error: Error) => error.name);
      if (read === text) unchanged.push(bit);
      else expect(read, `bit ${bit}`).toBe('GzipInvalid');
    }
    // What fills up the last byte of the data, or stands for a code that it has not.
    expect(unchanged.length).toBeLessThan(8);
  });

  test.each([
    ['text', Buffer.from('junk behind it')],
    ['one byte', Buffer.from('x')],
    ['what begins as a member does, but is none', Buffer.from([0x1f])],
    ['a magic number', Buffer.from([0x1f, 0x8b])],
    ['a header without its data', Buffer.from(second.subarray(0, 10))],
  ])('what has junk behind its last member: %s', (_, junk) =>
    refused(Buffer.concat([first, junk]), /^GzipInvalid: /),
  );

  test.each([
    ['one zero byte', Buffer.alloc(1)],
    ['zero bytes', Buffer.alloc(30)],
    ['a zero byte and junk', Buffer.from('\0junk')],
    ['zero bytes and then another member, which zlib passes over', Buffer.concat([Buffer.alloc(3), second])],
  ])('what has zero bytes behind its last member, and is told where that ends: %s', (_, junk) =>
    refused(
      Buffer.concat([first, junk]),
      new RegExp(
        `^GzipInvalid: .* behind byte ${first.length}, where a member ends, comes what is no member`,
      ),
    ),
  );

  test('zero bytes of many pieces, which are not waited for', async () => {
    let pieces = 0;
    async function* source() {
      yield first;
      for (; pieces < 10_000; pieces++) yield Buffer.alloc(65_536);
    }
    const reading = collected(gunzip(source(), { packedBytes: first.length, maxBytes: MiB }));
    await expect(reading).rejects.toThrow(/^GzipInvalid: /);
    expect(pieces).toBeLessThan(100);
  });

  test.each([
    ['the magic number alone', [0x1f, 0x8b], /it ends at byte 2/],
    ['another method than deflate', [0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3], /unknown compression method/],
    ['a flag that nobody has defined', [0x1f, 0x8b, 8, 0xe0, 0, 0, 0, 0, 0, 3], /unknown header flags set/],
  ])('a header that is none: %s', (_, bytes, why) => refused(Buffer.from(bytes), why));

  test('gzip within gzip', async () => {
    await expect(unpacked(gzipSync(first))).rejects.toThrow(
      /^GzipInvalid: the file is gzip that holds gzip; /,
    );
  });
});

test('no message of a refusal holds text of the file', async () => {
  const member = gzipSync('secret,secret\n', { level: 0 });
  const broken = Buffer.from(member);
  broken[20] = 0;
  for (const file of [broken, member.subarray(0, -3), Buffer.concat([member, Buffer.from('secret')])]) {
    const message = await unpacked(file).then(String, (error: Error) => error.message);
    expect(message).toMatch(/^GzipInvalid/);
    expect(message).not.toMatch(/secret/);
  }
});

describe('F46 a bomb', () => {
  /** A thousand to one. */
  const bomb = gzipSync(Buffer.alloc(64 * MiB));

  test('is stopped at 200 times its size, in bounded memory', async () => {
    let given = 0;
    const reading = (async () => {
      const limits = { packedBytes: bomb.length, maxBytes: 1_024 * MiB };
      for await (const chunk of gunzip(inChunks(bomb, 4_096), limits)) given += chunk.length;
    })();
    await expect(reading).rejects.toThrow(
      new RegExp(
        `^GzipTooLarge: ${bomb.length} bytes of gzip unpack to more than ${200 * bomb.length}, 200 times .* deliver it unpacked$`,
      ),
    );
    expect(given).toBeLessThanOrEqual(200 * bomb.length);
    expect(given).toBeGreaterThan(200 * bomb.length - 65_537);
  });

  test('is stopped at the bytes that one function finishes, and says what to do', async () => {
    await expect(unpacked(bomb, { maxBytes: 3 * MiB })).rejects.toThrow(
      new RegExp(`^GzipTooLarge: .* unpack to more than ${3 * MiB}, .*one function.*smaller files$`),
    );
  });

  test('is none below one MiB, whatever its ratio, and one byte beyond it is', async () => {
    const file = (bytes: number) => gzipSync(Buffer.alloc(bytes, 'x'));
    for (const chunk of [100, 65_536]) {
      expect((await unpacked(file(MiB), { chunk })).length).toBe(MiB);
      await expect(unpacked(file(MiB + 1), { chunk })).rejects.toThrow(/^GzipTooLarge: /);
    }
  });

  test('of bytes exactly at the limit is read', async () => {
    const text = randomBytes(5_000).toString('hex');
    const file = gzipSync(text);
    expect(String(await unpacked(file, { maxBytes: 10_000 }))).toBe(text);
    await expect(unpacked(file, { maxBytes: 9_999 })).rejects.toThrow(/^GzipTooLarge: /);
  });

  test('whose weight lies behind much that is not packed is judged as a whole, however its bytes come', async () => {
    const heavy = Buffer.concat([gzipSync(Buffer.alloc(8 * MiB)), gzipSync(randomBytes(100_000))]);
    const digests = new Set<string>();
    for (const chunk of [1_000, 8_192, 65_536, heavy.length]) {
      const bytes = await unpacked(heavy, { chunk });
      digests.add(createHash('sha256').update(bytes).digest('hex'));
      expect(bytes.length).toBe(8 * MiB + 100_000);
    }
    expect(digests.size).toBe(1);
  });
});

test("a source's own error is the one that is told", async () => {
  async function* source() {
    yield first.subarray(0, 12);
    throw Object.assign(new Error('gone'), { name: 'SourceChanged' });
  }
  const reading = collected(gunzip(source(), { packedBytes: 100, maxBytes: MiB }));
  await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'SourceChanged' }));
});

test('who stops reading lets go of the source', async () => {
  let closed = false;
  async function* source() {
    try {
      for (;;) yield gzipSync(randomBytes(60_000));
    } finally {
      closed = true;
    }
  }
  for await (const _ of gunzip(source(), { packedBytes: MiB, maxBytes: MiB })) break;
  await expect.poll(() => closed).toBe(true);
});

test.each(['utf16le', 'latin1'] as const)('what is packed is decoded behind it: %s', async (encoding) => {
  const text = 'näme\r\n"ü"\n';
  const file = gzipSync(Buffer.from(`${encoding === 'utf16le' ? '\ufeff' : ''}${text}`, encoding));
  const given = encoding === 'latin1' ? 'latin-1' : 'utf-8';
  for (const chunk of [1, 5, 1_000])
    expect(String(await unpacked(file, { encoding: given, chunk }))).toBe(text);
});

test('offsets of what an encoding does not have are those of the unzipped file', async () => {
  const file = Buffer.concat([gzipSync(Buffer.alloc(100_000, 'a')), gzipSync(Buffer.from([0x61, 0x81]))]);
  await expect(unpacked(file, { encoding: 'windows-1252' })).rejects.toThrow(
    /^EncodingInvalid: byte 100001 stands for no character/,
  );
});
