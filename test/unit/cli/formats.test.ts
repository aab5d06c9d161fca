/** `forebay read` and `forebay infer` over the formats that are not CSV, and over what is packed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forebay, linesOf } from './forebay.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forebay-formats-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

/** What is proposed for a file, and what it reads of that file. */
async function proposed(
  path: string,
  ...flags: string[]
): Promise<{ job: string; out: string; err: string }> {
  const inferred = await forebay('infer', path, '--name', 'feed', ...flags);
  if (inferred.code !== 0) throw new Error(inferred.err);
  writeFileSync(join(dir, 'feed.ts'), inferred.out);
  const { out, err } = await forebay('read', path, '--job-file', join(dir, 'feed.ts'));
  return { job: inferred.out, out, err };
}

describe('ndjson', () => {
  test('without a job values are as written, and what is no record is rejected', async () => {
    const path = file(
      'a.ndjson',
      '{"a": 12345678901234567890.10, "__proto__": {"x": [1, "\\u00e9"]}}\n\n{"a":1,"a":2}\n{"a":2',
    );
    const rejects = join(dir, 'rejects.ndjson');
    const { code, out, err } = await forebay('read', path, '--format', 'ndjson', '--rejects', rejects);
    expect(out).toBe('{"a":12345678901234567890.10,"__proto__":{"x":[1,"\\u00e9"]}}\n');
    expect(linesOf(readFileSync(rejects, 'utf8'))).toMatchObject([
      { code: 'DuplicateKey', record: 1 },
      { code: 'InvalidJson', record: 2 },
    ]);
    expect(err).toMatch(/^3 records, 2 rejected: DuplicateKey 1, InvalidJson 1; /);
    expect(code).toBe(0);
  });

  test('arrays become objects of the header', async () => {
    const path = file('b.ndjson', '["a","b"]\n[1.50,"x"]\n[null,[1]]\n');
    const { out } = await forebay('read', path, '--format', 'ndjson', '--header', 'first-line');
    expect(out).toBe('{"a":1.50,"b":"x"}\n{"a":null,"b":[1]}\n');
  });

  test('a proposal has what any record has, and reads the file without a reject', async () => {
    const path = file(
      'c.ndjson',
      '{"id":1,"Order ID":"007","/x":true}\n{"id":3000000000,"new":{"a":[1]},"Order ID":"8"}\n',
    );
    const { job, out, err } = await proposed(path);
    expect(job).toContain(
      [
        "      id: 'bigint',",
        "      order_id: { type: 'string', from: '\"Order ID\"' },",
        "      x: { type: 'boolean?', from: '/~1x' },",
        "      new: 'string?',",
      ].join('\n'),
    );
    expect(linesOf(out)).toEqual([
      { id: 1, order_id: '007', x: true, new: null },
      { id: 3000000000, order_id: '8', x: null, new: '{"a":[1]}' },
    ]);
    expect(err).toMatch(/^2 records, 0 rejected/);
  });
});

describe('json', () => {
  test('the records at a path, each on a line', async () => {
    const path = file('a.json', '{"n":1,"data":{"items":[\n{"a":\n1e400},\n{"a":null}\n]}}');
    const { out } = await forebay('read', path, '--format', 'json', '--path', '$.data.items');
    expect(out).toBe('{"a":1e400}\n{"a":null}\n');
    expect((await proposed(path)).job).toContain("format: json({ path: '$.data.items' }),");
  });

  test('a document that is cut off is refused, and nothing of it is printed', async () => {
    const { code, out, err } = await forebay(
      'read',
      file('cut.json', '[{"a":1},{"a":2}'),
      '--format',
      'json',
    );
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/refused at byte 16: /);
  });
});

describe('xml', () => {
  const text = '<r k="v"><a x="1">t<b id="5"/></a><a x="2" y="00123"><b id="6">z</b></a><a x="3"/></r>';

  test('without a job a record is the object of its element', async () => {
    const { out } = await forebay('read', file('a.xml', text), '--format', 'xml', '--record', 'a');
    expect(linesOf(out)).toEqual([
      { x: '1', b: { id: '5' }, _text: 't' },
      { x: '2', y: '00123', b: { id: '6', _text: 'z' } },
      { x: '3' },
    ]);
  });

  test('a proposal tells attributes from elements, and reads the file without a reject', async () => {
    const { job, err } = await proposed(file('b.xml', text), '--record', 'a');
    expect(job).toContain("x: { type: 'int', from: '@x' },");
    expect(job).toContain("y: { type: 'string?', from: '@y' },");
    expect(job).toContain("b_id: { type: 'int?', from: './b/@id' },");
    expect(job).toContain("b: { type: 'string?', from: './b' },");
    expect(err).toMatch(/^3 records, 0 rejected/);
  });

  test('a document that is not well formed is refused', async () => {
    const { code, out } = await forebay(
      'read',
      file('bad.xml', '<r><a>'),
      '--format',
      'xml',
      '--record',
      'a',
    );
    expect([code, out]).toEqual([2, '']);
  });

  test('a record is the outermost element that comes more than once in its parent', async () => {
    const { out } = await forebay(
      'infer',
      file('c.xml', `<d><h/>${text}<p:r xmlns:p="u"><a/><a/></p:r></d>`),
    );
    expect(out).toContain("xml({ record: '/d/r' })");
  });

  test('where none does, no record is guessed', async () => {
    const { code, err } = await forebay('infer', file('d.xml', '<d><r><a>1</a></r></d>'));
    expect(code).toBe(64);
    expect(err).toMatch(/--record is missing; it is a path of element names/);
  });

  test('what is a list in any record is one column, and is no list in none', async () => {
    const some = '<d><r><o><n>1</n></o></r><r><o><n>2</n></o><o><n>3</n></o></r></d>';
    const { job } = await proposed(file('e.xml', some));
    expect(job).toContain("o: 'string',");
    expect(job).not.toContain('o_n');
  });
});

describe('csv', () => {
  test('a file without names has fields by their numbers, and one with names twice gets others', async () => {
    const path = file('twice.csv', 'id,name,name,\n1,a,b,c\n');
    expect((await forebay('read', path, '--format', 'csv', '--no-header')).out).toBe(
      '{"f1":"id","f2":"name","f3":"name","f4":null}\n{"f1":"1","f2":"a","f3":"b","f4":"c"}\n',
    );
    const { job, out } = await proposed(path);
    expect(job).toContain("format: csv({ header: true, headerNames: 'rename' }),");
    expect(linesOf(out)).toEqual([{ id: 1, name: 'a', name_2: 'b', f4: 'c' }]);
  });

  test('a delimiter is found where that is asked for', async () => {
    const { out } = await forebay(
      'read',
      file('found.csv', 'a;b\n1,5;2\n'),
      '--format',
      'csv',
      '--delimiter',
      'detect',
    );
    expect(out).toBe('{"a":"1,5","b":"2"}\n');
  });
});

describe('packed files', () => {
  const text = 'a,b\né,1\n"😀\nx",2\n';

  test.each([
    ['gzip', gzipSync(text)],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['gzip of UTF-16', gzipSync(Buffer.from(`\ufeff${text}`, 'utf16le'))],
  ])('%s is read and proposed for as the text in it', async (_, bytes) => {
    const path = file('packed.csv', bytes);
    const { out, err } = await forebay('read', path, '--format', 'csv');
    expect(out).toBe('{"a":"é","b":"1"}\n{"a":"😀\\nx","b":"2"}\n');
    expect(err).toContain(`; ${bytes.length} B in `);
    expect(linesOf((await proposed(path)).out)).toEqual([
      { a: 'é', b: 1 },
      { a: '😀\nx', b: 2 },
    ]);
  });

  test('gzip that is cut off is refused, and nothing of it is printed', async () => {
    const path = file('cut.csv.gz', gzipSync(text).subarray(0, -3));
    expect(await forebay('read', path, '--format', 'csv')).toMatchObject({ code: 2, out: '' });
  });
});
