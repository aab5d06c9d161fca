import { describe, expect, test } from 'vitest';
import type { Encoding } from '../../../core/job/model.ts';
import { startOf, xmlEncoding } from '../../../core/unpack/encoding.ts';
import { isPacked } from '../../../core/unpack/unpack.ts';

const encodings: Encoding[] = ['utf-8', 'utf-16le', 'utf-16be', 'latin-1', 'windows-1252'];
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

test.each([
  ['EF BB BF', 'utf-8', 3],
  ['FF FE', 'utf-16le', 2],
  ['FE FF', 'utf-16be', 2],
])('F48 the byte order mark %s means %s, whatever the job says', (hex, encoding, mark) => {
  const start = Buffer.from(`${hex.replaceAll(' ', '')}6100`, 'hex');
  for (const given of [null, ...encodings]) expect(startOf(start, given)).toEqual({ encoding, mark });
});

test.each([
  ['FF FE 00 00', 'UTF-32LE'],
  ['00 00 FE FF', 'UTF-32BE'],
])('F48 the byte order mark %s is that of %s, which is refused, whatever the job says', (hex, name) => {
  const start = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  for (const given of [null, ...encodings]) {
    expect(() => startOf(start, given)).toThrow(
      `EncodingUnsupported: the file begins as ${name}; deliver it as UTF-8`,
    );
  }
});

test('without a mark the job decides, and UTF-8 is what it says by default', () => {
  for (const start of ['', 'a', 'id,name\n', '\xef\xbb', '\xff', '<?xml version="1.0" encoding="latin1"?>']) {
    for (const given of encodings) expect(startOf(bytes(start), given)).toEqual({ encoding: given, mark: 0 });
  }
  expect(startOf(bytes('id,name\n'), null)).toEqual({ encoding: 'utf-8', mark: 0 });
});

test('only plain UTF-8 is read where it lies', () => {
  expect(isPacked(bytes('id\n'), 'utf-8')).toBe(false);
  expect(isPacked(bytes('\xef\xbb\xbfid\n'), 'latin-1')).toBe(false);
  expect(isPacked(bytes('id\n'), 'latin-1')).toBe(true);
  expect(isPacked(bytes('\xff\xfei\0'), 'utf-8')).toBe(true);
  for (const given of encodings) expect(isPacked(bytes('\x1f\x8b'), given)).toBe(true);
  expect(isPacked(bytes('\x1f'), 'utf-8')).toBe(false);
});

describe('an XML declaration, where the job leaves it open', () => {
  test.each([
    ['<?xml version="1.0" encoding="UTF-8"?>', 'utf-8'],
    ['<?xml version="1.0" encoding="us-ascii"?>', 'utf-8'],
    ["<?xml version='1.0' encoding='ISO-8859-1' standalone='yes'?>", 'latin-1'],
    ['<?xml version="1.0"\r\n\tencoding = "iso-8859-1" ?><a/>', 'latin-1'],
    ['<?xml version="1.0" encoding="Windows-1252"?>', 'windows-1252'],
    ['<?xml version="1.0" encoding="cp1252"?>', 'windows-1252'],
    ['<?xml encoding="latin1"?>', 'latin-1'],
    ['<\0?\0x\0m\0l\0', 'utf-16le'],
    ['\0<\0?\0x\0m\0l', 'utf-16be'],
  ])('%j says %s', (start, encoding) => {
    expect(xmlEncoding(bytes(start))).toBe(encoding);
    expect(startOf(bytes(start), null)).toEqual({ encoding, mark: 0 });
  });

  test.each([
    '',
    '<a encoding="latin1"/>',
    '<?xml version="1.0"?><a encoding="latin1"/>',
    ' <?xml version="1.0" encoding="latin1"?>',
    '<?xml-stylesheet encoding="latin1"?>',
    '<?xml version="1.0" myencoding="latin1"?>',
    '<?xml version="1.0" encoding="latin1\'?>',
    `<?xml version="1.0" ${' '.repeat(2_000)}encoding="latin1"?>`,
  ])('is not in %j', (start) => {
    expect(xmlEncoding(bytes(start))).toBeNull();
    expect(startOf(bytes(start), null)).toEqual({ encoding: 'utf-8', mark: 0 });
  });

  test('that names what is not read refuses the file', () => {
    expect(() => xmlEncoding(bytes('<?xml version="1.0" encoding="Shift_JIS"?>'))).toThrow(
      /^EncodingUnsupported: the XML declaration says Shift_JIS, which is not read; .* format\.encoding/,
    );
  });

  test('of UTF-16 in a file that is not refuses it, unless the job says what it is', () => {
    const start = bytes('<?xml version="1.0" encoding="utf-16"?>');
    expect(() => startOf(start, null)).toThrow(
      /^EncodingUnsupported: .* says utf-16, which the file is not in/,
    );
    expect(startOf(start, 'utf-8')).toEqual({ encoding: 'utf-8', mark: 0 });
  });

  test('is less than a byte order mark', () => {
    const start = bytes('\xef\xbb\xbf<?xml version="1.0" encoding="ISO-8859-1"?>');
    expect(startOf(start, null)).toEqual({ encoding: 'utf-8', mark: 3 });
  });
});
