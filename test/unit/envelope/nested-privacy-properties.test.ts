/** Random rules on random nested types: what they protect is what an independent walk says, and the rest stays. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { PrivacyRule } from '../../../core/job/model.ts';
import { privacyRules } from '../../../core/job/privacy.ts';
import type { Lossless } from '../../support/duck.ts';
import { envelopeFile, readValues } from '../../support/envelope.ts';
import { type Kind, nested } from '../../support/nested-values.ts';
import { decrypt, hashOf, jobOf, secret, tokenOf } from '../../support/privacy.ts';
import { plain } from '../formats/support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-privacy-properties-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Rules = Record<string, PrivacyRule>;
/** What a kind consists of, with what stands behind its path. */
function partsOf({ of }: Kind): Array<[suffix: string, kind: Kind]> {
  if ('struct' in of) return of.struct.map(([name, kind]) => [`.${name}`, kind]);
  if ('list' in of) return [['[]', of.list]];
  return 'map' in of ? [['{}', of.map]] : [];
}

const always: PrivacyRule[] = [
  ...(['hash', 'mask', 'encrypt'] as const),
  { rule: 'tokenise', scope: 'job' },
  { rule: 'tokenise', scope: 'shared' },
];
const sometimes: Record<string, PrivacyRule[]> = {
  string: [{ rule: 'truncate', to: 3 }],
  int: [{ rule: 'generalise', to: 1_000 }],
  bigint: [{ rule: 'generalise', to: 7 }],
  date: [{ rule: 'generalise', to: 'year' }],
  timestamp: [{ rule: 'generalise', to: 'day' }],
};

/** `spare`: whether what is here may be dropped. */
function rulesFor(kind: Kind, path: string, spare: boolean): fc.Arbitrary<Rules> {
  const own = 'scalar' in kind.of ? (sometimes[kind.of.scalar] ?? []) : [];
  const here = fc
    .constantFrom<PrivacyRule>(...always, ...own, ...own, ...(spare ? (['drop'] as const) : []))
    .map((rule) => ({ [path]: rule }));
  const none = fc.constant<Rules>({});
  if ('scalar' in kind.of) return fc.oneof(none, here);
  const parts = partsOf(kind);
  const within = fc
    .tuple(...parts.map(([suffix, part], i) => rulesFor(part, path + suffix, 'struct' in kind.of && i > 0)))
    .map((all): Rules => Object.assign({}, ...all));
  return fc.oneof(
    { arbitrary: none, weight: 1 },
    { arbitrary: here, weight: 1 },
    { arbitrary: within, weight: 6 },
  );
}

/** DuckDB's text of a double: the shortest digits that give it, with an exponent below 10^-4 and from 10^16. */
function doubleText(value: number): string {
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  const places = Math.max(1, digits.replace(/^-?\d\.?/, '').length - power);
  return value.toFixed(places);
}

function scalarText(name: string, value: Lossless): string {
  return name === 'double' ? doubleText(Number(value)) : String(value);
}

/** JSON's escapes as docs/privacy.md has them, with capital digits. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(/\\(?:u[0-9a-f]{4}|.)/g, (written) =>
    written.startsWith('\\u') ? `\\u${written.slice(2).toUpperCase()}` : written,
  );

function jsonText({ of }: Kind, value: Lossless): string {
  if (value === null) return 'null';
  if ('scalar' in of) {
    const text = scalarText(of.scalar, value);
    return ['string', 'date', 'timestamp'].includes(of.scalar) ? quoted(text) : text;
  }
  if ('list' in of) return `[${(value as Lossless[]).map((one) => jsonText(of.list, one)).join(',')}]`;
  if ('map' in of) {
    const entries = value as Array<{ key: string; value: Lossless }>;
    return `{${entries.map((entry) => `${quoted(entry.key)}:${jsonText(of.map, entry.value)}`).join(',')}}`;
  }
  const members = value as Record<string, Lossless>;
  return `{${of.struct.map(([name, kind]) => `"${name}":${jsonText(kind, members[name] ?? null)}`).join(',')}}`;
}

function floor(value: bigint, width: bigint, lowest: bigint): bigint {
  const begin = value - (((value % width) + width) % width);
  return begin < lowest ? lowest : begin;
}

function generalised(value: Lossless, to: number | string): Lossless {
  if (to === 'year') return `${String(value).slice(0, 4)}-01-01`;
  if (to === 'day') return `${String(value).slice(0, 10)} 00:00:00`;
  const isInt = typeof value === 'number';
  const begin = floor(BigInt(String(value)), BigInt(to), isInt ? -(2n ** 31n) : -(2n ** 63n));
  return isInt ? Number(begin) : String(begin);
}

/** Of a value that is not null; an encrypted one in clear. */
function behind(rule: PrivacyRule, kind: Kind, value: Lossless): Lossless {
  const text = 'scalar' in kind.of ? scalarText(kind.of.scalar, value) : jsonText(kind, value);
  if (rule === 'hash') return hashOf(text);
  if (rule === 'mask') return '***';
  if (typeof rule === 'string') return text;
  if (rule.rule === 'tokenise')
    return tokenOf(secret(rule.scope === 'shared' ? 'sharedToken' : 'token'), text);
  return rule.rule === 'truncate' ? [...text].slice(0, rule.to).join('') : generalised(value, rule.to);
}

/** `apply` is given each value that has a rule; all others keep their places, but for members that are dropped. */
function walk(
  rules: Rules,
  kind: Kind,
  path: string,
  value: Lossless,
  apply: (rule: PrivacyRule, kind: Kind, path: string, value: Lossless) => Lossless,
): Lossless {
  if (value === null) return null;
  const rule = rules[path];
  if (rule !== undefined) return apply(rule, kind, path, value);
  const into = (suffix: string, part: Kind, inner: Lossless) =>
    walk(rules, part, path + suffix, inner, apply);
  const { of } = kind;
  if ('list' in of) return (value as Lossless[]).map((one) => into('[]', of.list, one));
  if ('map' in of) {
    const entries = value as Array<{ key: string; value: Lossless }>;
    return entries.map((entry) => ({ key: entry.key, value: into('{}', of.map, entry.value) }));
  }
  if (!('struct' in of)) return value;
  const members = value as Record<string, Lossless>;
  return Object.fromEntries(
    of.struct.flatMap(([name, part]) =>
      rules[`${path}.${name}`] === 'drop' ? [] : [[name, into(`.${name}`, part, members[name] ?? null)]],
    ),
  );
}

const some = nested(4).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    values: fc.array(kind.values, { minLength: 1, maxLength: 8 }),
    rules: rulesFor(kind, 'c', false),
  }),
);

test('what rules protect is as an independent walk has it, and all else stays equal', async () => {
  let applied = 0;
  let folders = 0;
  const property = fc.asyncProperty(some, async ({ kind, values, rules }) => {
    const job = { ...jobOf({ id: 'int', c: kind.word }, rules), timezone: 'UTC', format: plain };
    expect(privacyRules(job)).toEqual([]);
    const lines = values.map(({ json }, i) => `${i},"${json.replaceAll('"', '""')}"\n`);
    const input = Buffer.from(`id,c\n${lines.join('')}`);
    const directory = join(scratch, String(folders++));
    const [shard] = await envelopeFile(job, input, { shardBytes: 1_000_000, directory });
    expect(shard?.rejects).toEqual([]);
    const ivs: string[] = [];
    const inClear = (rule: PrivacyRule, _: Kind, path: string, value: Lossless): Lossless => {
      applied += 1;
      if (rule !== 'encrypt') return value;
      ivs.push(String(value).split(':')[3] ?? '');
      return decrypt(String(value), 'orders', path);
    };
    const found = (await readValues(shard?.file ?? '')).map(({ c = null }) =>
      walk(rules, kind, 'c', c, inClear),
    );
    const expected = values.map(({ is }) =>
      walk(rules, kind, 'c', is, (rule, of, _, value) => behind(rule, of, value)),
    );
    expect(found).toEqual(expected);
    expect(new Set(ivs).size).toBe(ivs.length);
  });
  await fc.assert(property, { numRuns: 80 });
  expect(applied).toBeGreaterThan(200);
}, 120_000);

test('the text of a nested value is one that its type takes again', async () => {
  let folders = 0;
  const read = async (word: string, lines: string[], rules: Rules) => {
    const job = { ...jobOf({ c: word }, rules), timezone: 'UTC', format: plain };
    const input = Buffer.from(`c\n${lines.map((json) => `"${json.replaceAll('"', '""')}"\n`).join('')}`);
    const directory = join(scratch, `again-${folders++}`);
    const [shard] = await envelopeFile(job, input, { shardBytes: 1_000_000, directory });
    return (await readValues(shard?.file ?? '')).map(({ c = null }) => c);
  };
  const property = fc.asyncProperty(some, async ({ kind: { word }, values }) => {
    const given = values.map(({ json }) => json);
    const sealed = await read(word, given, { c: 'encrypt' });
    const texts = sealed.map((text) => decrypt(String(text), 'orders', 'c'));
    expect(await read(word, texts, {})).toEqual(values.map(({ is }) => is));
  });
  await fc.assert(property, { numRuns: 30 });
}, 120_000);
