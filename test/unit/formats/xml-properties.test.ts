/** XML made at random: documents that come back, and bytes that are refused or counted alike by both readings. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForebayError } from '../../../core/errors.ts';
import type { XmlFormat } from '../../../core/job/model.ts';
import type { Scan } from '../../../core/shard.ts';
import { type ReadFile, readFile, scan } from './support.ts';

const format: XmlFormat = { kind: 'xml', record: 'row', namespaces: 'keep', required: false, encoding: null };

/** Parts of a text: as XML may hold them, and what they mean. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...(
        [
          ['a', 'a'],
          [' ', ' '],
          ['00123', '00123'],
          ['é😀\ufffd', 'é😀\ufffd'],
          ['"', '"'],
          ["'", "'"],
          ['/>', '/>'],
          [']]', ']]'],
          ['&lt;', '<'],
          ['&amp;lt;', '&lt;'],
          ['&#x1F600;', '😀'],
          ['&#13;', '\r'],
          ['\n', '\n'],
          ['\r\n', '\n'],
          ['\t', '\t'],
          ['\ufeff\u1680', '\ufeff\u1680'],
        ] as Array<[string, string]>
      ).map(([written, means]) => ({ kind: 'text', written, means })),
    ),
    fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .filter((text) => /^[\u0020-\ud7ff]*$/.test(text))
      .map((means) => ({
        kind: 'text',
        written: means.replace(/[<&>\r]/g, (one) => `&#${one.charCodeAt(0)};`),
        means,
      })),
    fc
      .constantFrom('', '<row>', '&amp;', 'x', '<!--', ']]', '<?', 'é')
      .map((means) => ({ kind: 'cdata', written: `<![CDATA[${means}]]>`, means })),
    fc
      .constantFrom('<!---->', '<!-- <row> it\'s " -->', "<?x don't?>", '<?y > <row> ?>', '<!--]]>-->')
      .map((written) => ({ kind: 'aside', written, means: '' })),
  ),
  { maxLength: 5 },
);

const names = fc.constantFrom(
  'a',
  'b',
  'данные',
  'constructor',
  '__proto__',
  'toString',
  'p:a',
  '_text',
  'row2',
);
type Piece = { kind: string; written: string; means: string };
interface Tree {
  attributes: Record<string, Piece[]>;
  /** Text and elements by turns, a text first and last. */
  texts: Piece[][];
  elements: Array<[string, Tree]>;
  layout: string;
}

const attributes = fc.dictionary(names, pieces, { maxKeys: 3, noNullPrototype: false });
const treesOf = (depth: number): fc.Arbitrary<Tree> => {
  const child =
    depth === 0 ? fc.constant([]) : fc.array(fc.tuple(names, treesOf(depth - 1)), { maxLength: 3 });
  return fc.record({
    attributes,
    elements: child as fc.Arbitrary<Array<[string, Tree]>>,
    // of four at most as many as are needed
    texts: fc.array(pieces, { minLength: 4, maxLength: 4 }),
    layout: fc.constantFrom('', ' ', '\r\n\t'),
  });
};
const trees = treesOf(2).map(withTexts);

function withTexts(tree: Tree): Tree {
  const elements = tree.elements.map(([name, child]): [string, Tree] => [name, withTexts(child)]);
  return { ...tree, elements, texts: tree.texts.slice(0, elements.length + 1) };
}

/** Without what would make `]]>` of two parts, which must not stand in text. */
const usable = (text: Piece[]): Piece[] =>
  text.filter(({ kind }, i) => !(kind === 'text' && text[i - 1]?.written.endsWith(']]')));
const inText = (text: Piece[]): string =>
  usable(text)
    .map(({ written }) => written)
    .join('');
const meant = (text: Piece[]): string =>
  usable(text)
    .map(({ means }) => means)
    .join('');
const inAttribute = (value: Piece[]): Array<{ written: string; means: string }> =>
  value
    .filter(({ kind }) => kind === 'text')
    .map(({ written, means }) => ({
      written: written.replaceAll('"', '&quot;'),
      means: /^[\r\n\t]/.test(written) ? ' ' : means.replace(/[\n\t]/g, ' '),
    }));

function write(name: string, tree: Tree): string {
  const { layout } = tree;
  const written = Object.entries(tree.attributes).map(
    ([key, value]) =>
      `${layout || ' '}${key}="${inAttribute(value)
        .map((one) => one.written)
        .join('')}"`,
  );
  const content = tree.texts
    .map((text, i) => {
      const child = tree.elements[i];
      return inText(text) + (child === undefined ? '' : write(...child));
    })
    .join('');
  const open = `<${name}${written.join('')}${layout}`;
  return content === '' && layout === '' ? `${open}/>` : `${open}>${content}</${name}${layout}>`;
}

/** As docs/formats.md has the form; of members that come together a Map, since objects have names of their own. */
type Value = string | Value[] | Map<string, Value>;
function valueOfTree(tree: Tree): Value {
  const own = tree.texts.map(meant);
  const members = new Map<string, Value[]>();
  const add = (name: string, value: Value) => members.set(name, [...(members.get(name) ?? []), value]);
  for (const [name, value] of Object.entries(tree.attributes)) {
    add(
      name,
      inAttribute(value)
        .map((one) => one.means)
        .join(''),
    );
  }
  if (members.size === 0 && tree.elements.length === 0) return own.join('');
  for (const [name, child] of tree.elements) add(name, valueOfTree(child));
  const blank = tree.elements.length > 0 && own.join('').replace(/[ \t\r\n]/g, '') === '';
  for (const text of own) if (text !== '' && !blank) add('_text', text);
  return new Map(
    [...members].map(([name, values]) => [name, values.length === 1 ? (values[0] as Value) : values]),
  );
}

/** JSON by an own reader of the few forms that there are, which keeps the order of members and any name. */
function fromJson(json: string): Value {
  let at = 0;
  const text = (): string => {
    const [found = ''] = /^"(?:[^"\\]|\\.)*"/.exec(json.slice(at)) ?? [];
    at += found.length;
    return JSON.parse(found) as string;
  };
  const value = (): Value => {
    if (json[at] === '"') return text();
    const isList = json[at++] === '[';
    const [list, members] = [[] as Value[], new Map<string, Value>()];
    while (json[at] !== ']' && json[at] !== '}') {
      if (json[at] === ',') at++;
      if (isList) list.push(value());
      else {
        const name = text();
        at++;
        members.set(name, value());
      }
    }
    at++;
    return isList ? list : members;
  };
  return value();
}

const documents = fc.record({
  rows: fc.array(
    fc.record({
      row: trees,
      group: fc.nat(3),
      before: fc.constantFrom('', ' ', '\r\n', '<!-- <row/> -->', '<x/>'),
    }),
    { maxLength: 12 },
  ),
  head: fc.constantFrom('', '<?xml version="1.0"?>\r\n', '\ufeff', '<!-- é -->'),
  keys: fc.array(fc.tuple(attributes, pieces), { minLength: 4, maxLength: 4 }),
});
type Document = typeof documents extends fc.Arbitrary<infer T> ? T : never;

/** Groups with an attribute and a key each, and the records in them. */
function writeDocument({ rows, head, keys }: Document): string {
  let group = -1;
  const parts = rows.map(({ row, group: own, before }) => {
    const opens = own !== group;
    const [ends, [given, key]] = [
      group === -1 ? '' : '</group>',
      keys[own] as [Record<string, Piece[]>, Piece[]],
    ];
    group = own;
    const id = inAttribute(Object.values(given)[0] ?? [])
      .map(({ written }) => written)
      .join('');
    const begins = `${ends}<group id="${id}"><key>${inText(key)}</key>`;
    return `${opens ? begins : ''}${before}${write('row', row)}`;
  });
  return `${head}<all xmlns:p="urn:p">${parts.join('')}${group === -1 ? '' : '</group>'}</all>\n`;
}

const wanted = ['./', '../@id', '../key', '@a', 'b'];

function expectedRow({ row, group }: Document['rows'][number], keys: Document['keys']): Array<Value | null> {
  const [given, key] = keys[group] as [Record<string, Piece[]>, Piece[]];
  const id = inAttribute(Object.values(given)[0] ?? [])
    .map(({ means }) => means)
    .join('');
  const a = row.attributes.a;
  const bs = row.elements.filter(([name]) => name === 'b').map(([, tree]) => tree);
  const plain = (tree: Tree) =>
    tree.elements.length === 0 ? tree.texts.map(meant).join('') : valueOfTree(tree);
  const b = bs.length > 1 ? bs.map(valueOfTree) : bs[0] === undefined ? null : plain(bs[0]);
  const isPlain = row.elements.length === 0;
  return [
    isPlain ? row.texts.map(meant).join('') : valueOfTree(row),
    ...[
      id,
      meant(key),
      a === undefined
        ? null
        : inAttribute(a)
            .map(({ means }) => means)
            .join(''),
      b,
    ],
  ];
}

/** A value that should be more than a text is read from its JSON. */
const compared = (found: Array<string | null>, expected: Array<Value | null>): Array<Value | null> =>
  found.map((text, i) => (text === null || typeof expected[i] === 'string' ? text : fromJson(text)));

test('F58 a document made of random records comes back as those records, in shards of any size', async () => {
  await fc.assert(
    fc.asyncProperty(documents, fc.nat(300), async (document, shardBytes) => {
      const text = writeDocument(document);
      const expected = document.rows.map((row) => expectedRow(row, document.keys));
      const { rows, records } = await readFile(format, text, shardBytes, wanted);
      expect(rows.map((row, i) => compared(row, expected[i] ?? []))).toEqual(expected);
      expect(records).toBe(document.rows.length);
    }),
    { numRuns: 150 },
  );
});

test('chunks of any size give the same scan', () => {
  fc.assert(
    fc.property(documents, fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), (document, chunks) => {
      const text = writeDocument(document);
      const options = { shardBytes: 50, paths: wanted };
      expect(scan(format, text, { ...options, chunks })).toEqual(scan(format, text, options));
    }),
    { numRuns: 100 },
  );
});

const refusedText = expect.stringMatching(/^(XmlInvalid|DoctypeForbidden): /);

const outcome = async (act: () => Scan | Promise<ReadFile>): Promise<unknown> => {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ForebayError) return error.message;
    throw error;
  }
};

/** Refused, with the same words in chunks of any size; or counted alike by both readings. */
async function accountedFor(bytes: Buffer, chunks: number[], record: string): Promise<boolean> {
  const own = { ...format, record };
  const [one, many] = [
    await outcome(() => scan(own, bytes, { shardBytes: 30, paths: wanted })),
    await outcome(() => scan(own, bytes, { shardBytes: 30, paths: wanted, chunks })),
  ];
  // Text outside of the root is told of at its end, or at its chunk's: what else is wrong with it may come first.
  const outside = [one, many].some((told) => String(told).includes('outside of the root'));
  if (outside) expect([one, many]).toEqual([refusedText, refusedText]);
  else expect(many).toEqual(one);
  if (typeof one === 'string') return false;
  const { records } = one as Scan;
  const file = await readFile(own, bytes, 30, wanted);
  expect([file.records, file.rows.length + file.malformed.length]).toEqual([records, records]);
  for (const { offset, length } of file.scan.ranges) {
    const range = bytes.toString('latin1', offset, offset + length);
    expect([range[0], range.at(-1)]).toEqual(['<', '>']);
  }
  return true;
}

test('F49 F56 F57 a document with damage anywhere is refused, or counted alike by both readings', async () => {
  const damage = fc.record({
    at: fc.integer({ min: 0, max: 9_999 }).map((part) => part / 10_000),
    length: fc.constantFrom(0, 0, 0, 1, 3),
    by: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom(
          '<',
          '>',
          '"',
          '&',
          ']]>',
          '<!--',
          '-->',
          '<![CDATA[',
          '<?',
          '</row>',
          '<row>',
          '<row/>',
          '<!-- -->',
          'x',
          '\xff',
        )
        .map((text) => Buffer.from(text, 'latin1')),
    ),
  });
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      documents,
      fc.array(damage, { minLength: 1, maxLength: 2 }),
      async (document, damages) => {
        let bytes = Buffer.from(writeDocument(document));
        for (const { at, length, by } of damages) {
          const from = Math.floor(at * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + length)]);
        }
        if (await accountedFor(bytes, [1, 7, 3], 'row')) accepted++;
      },
    ),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(10);
});

test('F57 any bytes and any markup are refused, or counted alike by both readings', async () => {
  const markup = fc
    .array(
      fc.constantFrom(
        '<a>',
        '</a>',
        '<a/>',
        '<b>',
        '</b>',
        'x',
        ' ',
        '"',
        "'",
        '&',
        ';',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<?',
        '?>',
        '<',
        '>',
        '=',
        '\r',
        '\n',
        '\xff',
        '\xc3',
        '\xa9',
        '<!DOCTYPE',
        '[',
        ']',
        '<?xml version="1.0"?>',
        '\xef\xbb\xbf',
      ),
      { maxLength: 12 },
    )
    .map((parts) => Buffer.from(parts.join(''), 'latin1'));
  const any = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const wrapped = markup.map((bytes) => Buffer.concat([Buffer.from('<b>'), bytes, Buffer.from('</b>')]));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(markup, wrapped, any),
      fc.constantFrom('a', 'b', 'b/a', '/b/a'),
      async (bytes, record) => {
        await accountedFor(bytes, [1], record);
      },
    ),
    { numRuns: 1_500 },
  );
});
