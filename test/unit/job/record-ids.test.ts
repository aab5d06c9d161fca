/** A record's id, as a consumer computes it from docs/envelope.md alone. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withDuckDB } from '../../../core/contract/duckdb.ts';
import { sqlText } from '../../../core/contract/sql.ts';
import {
  nameByKey,
  nameByNumber,
  namespaceOfObject,
  sha1OfName,
  uuidFromSha1,
} from '../../../core/envelope/id.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'envelope.md'), 'utf8');
const [, forebay = ''] = /namespace is `([0-9a-f-]{36})`/.exec(page) ?? [];
const documented = [...page.matchAll(/^\| (.*) \| `(.*)` \| `([0-9a-f-]{36})` \|$/gm)].map(
  ([, within = '', name = '', id = '']) => ({
    ...{ namespace: within === "Forebay's" ? forebay : within.replaceAll('`', ''), name, id },
  }),
);

/** UUIDv5 by RFC 9562: the first 16 bytes of a SHA-1, with version and variant set. */
function uuidv5(name: string, namespace = forebay): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The ids that Envelope's SQL gives to records of these names. */
const idsOf = (names: string[], namespace = forebay): Promise<string[]> =>
  withDuckDB(async (duck) => {
    const ids: string[] = [];
    for (const name of names) {
      const sql = `SELECT ${uuidFromSha1('hash')} FROM (SELECT ${sha1OfName(namespace, name)} AS hash)`;
      ids.push(String((await duck.runAndReadAll(sql)).getRows()[0]?.[0]));
    }
    return ids;
  });

test('the ids that the docs show are those of their names', () => {
  expect(documented).toHaveLength(4);
  for (const { name, namespace, id } of documented) expect(uuidv5(name, namespace)).toBe(id);
});

test('records get the ids that the docs show', async () => {
  const [key, keys, object, record] = documented.map(({ name }) => JSON.parse(name));
  const ids = await idsOf([
    nameByKey(key[0], [`CAST(${key[1]} AS BIGINT)`]),
    nameByKey(keys[0], [sqlText(keys[1]), `CAST(${keys[2]} AS DECIMAL(10,2))`]),
  ]);
  const namespace = namespaceOfObject({ job: object[0], slice: object[1] }, object[2]);
  const [id] = await idsOf([nameByNumber(`CAST(${record} AS BIGINT)`)], namespace);
  expect([...ids, namespace, id]).toEqual(documented.map((one) => one.id));
});

test('the value of a key stands in the name as the text that the docs show', async () => {
  const [line = ''] = /^.*A value's text is.*$/m.exec(page) ?? [];
  const texts = [...(line.split("A value's text")[1]?.matchAll(/`([^`]+)`/g) ?? [])].map(
    ([, text = '']) => text,
  );
  expect(texts).toEqual(['1042', '12.50', 'true', '2026-03-01', '2026-03-01 09:30:00', '0.1']);
  const types = ['BIGINT', 'DECIMAL(10,2)', 'BOOLEAN', 'DATE', 'TIMESTAMP', 'DOUBLE'];
  const ids = await idsOf(
    texts.map((text, i) => nameByKey('orders', [`CAST(${sqlText(text)} AS ${types[i]})`])),
  );
  expect(ids).toEqual(texts.map((text) => uuidv5(JSON.stringify(['orders', text]))));
});

test('a key of any texts has the id of its JSON array', async () => {
  const control = fc.integer({ min: 1, max: 31 }).map((code) => String.fromCharCode(code));
  const character = fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), control);
  const text = fc.string({ unit: character }).filter((value) => !value.includes('\0'));
  const keys = fc.sample(fc.array(text, { minLength: 1, maxLength: 3 }), 200);
  const ids = await idsOf(keys.map((key) => nameByKey('orders', key.map(sqlText))));
  expect(ids).toEqual(keys.map((key) => uuidv5(`[${['orders', ...key].map(jsonText).join(',')}]`)));
});

const short: Record<string, string> = {
  ...{ '"': '\\"', '\\': '\\\\', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' },
};

/** A text as the docs say that it stands in a name. */
function jsonText(text: string): string {
  const escaped = [...text].map((character) => {
    if (character >= ' ' || character in short) return short[character] ?? character;
    return `\\u00${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

test('keys that differ in Unicode form only, or in where one value ends, have different ids (F42)', async () => {
  const keys = [['\u00e9'], ['e\u0301'], ['a', 'b'], ['a","b'], ['ab', ''], ['', 'ab']];
  const ids = await idsOf(keys.map((key) => nameByKey('orders', key.map(sqlText))));
  expect(new Set(ids).size).toBe(keys.length);
});
