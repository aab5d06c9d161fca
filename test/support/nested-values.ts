/** Random values of random nested types, written as JSON by a writer of the tests' own. */
import fc from 'fast-check';
import type { Lossless } from './duck.ts';

/** A value as JSON text, and as it must come back. */
export interface Written {
  json: string;
  is: Lossless;
}

export interface Kind {
  word: string;
  values: fc.Arbitrary<Written>;
  of: { scalar: string } | { list: Kind } | { map: Kind } | { struct: Array<[name: string, kind: Kind]> };
}

const blanks = fc.constantFrom('', '', '', ' ', '\n', '\t\r ');

/** A text between quotes, each character raw or escaped in one of the ways that RFC 8259 has. */
const quoted = (text: string): fc.Arbitrary<string> =>
  fc.infiniteStream(fc.nat(5)).map((choices) => {
    const escaped = [...text].map((character) => written(character, choices.next().value ?? 0));
    return `"${escaped.join('')}"`;
  });

const short: Record<string, string> = {
  ...{
    '"': '\\"',
    '\\': '\\\\',
    '/': '\\/',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
  },
};

function written(character: string, choice: number): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  const hex = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  const named = short[character];
  if (choice === 0) return hex;
  if (choice === 1) return hex.toUpperCase().replaceAll('U', 'u');
  if (named !== undefined && (choice < 4 || character !== '/')) return named;
  return character < ' ' ? hex : character;
}

/** Texts that look like JSON's own words among them. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', ':', '[', '{', '1', '.', '5', '-', '0', 'e', ' ', '\n', '\u0000'),
  }),
  fc.constantFrom('', 'null', '{}', '[1.50]', '00123', '{"a":1.10}', ',-0.0,'),
);

const asWritten = (text: string, is: Lossless): fc.Arbitrary<Written> =>
  fc.constantFrom(text, `"${text}"`).map((json) => ({ json, is }));

const digits = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: length });

/** A number as JSON writes it, of any length. */
const numerals = fc
  .tuple(
    ...[
      fc.constantFrom('', '-'),
      fc.oneof(
        fc.constant('0'),
        digits(40).map((rest) => `7${rest}`),
      ),
    ],
    ...[
      fc.oneof(
        fc.constant(''),
        digits(40).map((rest) => `.${rest}0`),
      ),
    ],
    ...[fc.oneof(fc.constant(''), fc.constantFrom('e5', 'E-400', 'e+400', 'E007'))],
  )
  .map((parts) => parts.join(''));

function decimal(unscaled: bigint): string {
  const all = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(11, '0');
  return `${unscaled < 0n ? '-' : ''}${all.slice(0, -10)}.${all.slice(-10)}`;
}

/** Microseconds since 0001-01-01, as ISO 8601 has them and as DuckDB prints them. */
function moment(micros: bigint): { iso: string; printed: string } {
  const seconds = micros / 1_000_000n;
  const whole = new Date(Number(seconds) * 1_000 - 62_135_596_800_000).toISOString().slice(0, 19);
  const fraction = (micros % 1_000_000n).toString().padStart(6, '0');
  const tail = fraction.replace(/0+$/, '');
  return {
    iso: `${whole}.${fraction}Z`,
    printed: `${whole.replace('T', ' ')}${tail === '' ? '' : `.${tail}`}`,
  };
}

const bits = 2n ** 63n;
const scalarValues: Array<Omit<Kind, 'of'>> = [
  {
    word: 'int',
    values: fc.integer().chain((value) => asWritten(String(value), value)),
  },
  {
    word: 'bigint',
    values: fc.bigInt(-bits, bits - 1n).chain((value) => asWritten(String(value), String(value))),
  },
  {
    word: 'decimal(38,10)',
    values: fc
      .bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n)
      .chain((value) => asWritten(decimal(value), decimal(value))),
  },
  {
    word: 'double',
    values: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .chain((value) => asWritten(String(value), Number(String(value)))),
  },
  { word: 'boolean', values: fc.boolean().chain((value) => asWritten(String(value), value)) },
  {
    word: 'date',
    values: fc.bigInt(0n, 3_652_058n).map((day) => {
      const date = moment(day * 86_400_000_000n).printed.slice(0, 10);
      return { json: `"${date}"`, is: date };
    }),
  },
  {
    word: 'timestamp',
    values: fc.bigInt(0n, 315_537_897_599_999_999n).map((micros) => {
      const { iso, printed } = moment(micros);
      return { json: `"${iso}"`, is: printed };
    }),
  },
  {
    word: 'string',
    values: fc.oneof(
      texts.chain((text) => quoted(text).map((json) => ({ json, is: text }))),
      numerals.map((text) => ({ json: text, is: text })),
      fc.constantFrom('true', 'false').map((text) => ({ json: text, is: text })),
    ),
  },
];

const scalars: Kind[] = scalarValues.map((kind) => ({ ...kind, of: { scalar: kind.word } }));

const orNull = (kind: Kind): Kind => ({
  ...kind,
  word: `${kind.word}?`,
  values: fc.option(kind.values, { nil: { json: 'null', is: null } }),
});

/** Joins what stands between brackets, with blanks wherever they are allowed. */
const within = (open: string, parts: string[], close: string): fc.Arbitrary<string> =>
  fc.infiniteStream(blanks).map((some) => {
    const blank = () => some.next().value ?? '';
    const spaced = parts.map((part) => `${blank()}${part}${blank()}`);
    return `${open}${blank()}${spaced.join(',')}${close}`;
  });

const list = (element: Kind): Kind => ({
  of: { list: element },
  word: `${element.word}[]`,
  values: fc.array(element.values, { maxLength: 4 }).chain((values) =>
    within(
      '[',
      values.map(({ json }) => json),
      ']',
    ).map((json) => ({ json, is: values.map(({ is }) => is) })),
  ),
});

const pair = (key: string, value: string): fc.Arbitrary<string> =>
  fc.tuple(quoted(key), blanks, blanks).map(([name, before, behind]) => `${name}${before}:${behind}${value}`);

const map = (value: Kind): Kind => ({
  of: { map: value },
  word: `map(string, ${value.word})`,
  values: fc
    .uniqueArray(fc.tuple(texts, value.values), { selector: ([key]) => key, maxLength: 4 })
    .chain((entries) =>
      fc.tuple(...entries.map(([key, { json }]) => pair(key, json))).chain((pairs) =>
        within('{', pairs, '}').map((json) => ({
          json,
          is: entries.map(([key, { is }]) => ({ key, value: is })),
        })),
      ),
    ),
});

/** Names that SQL has a use for among them. */
const names = ['a', 'B', 'select', '_', 'k1', 'value', 'e', 'keys'];

/** Keys in any order, some that the type does not name, and nulls that are left out. */
const struct = (members: Array<[name: string, kind: Kind]>): Kind => ({
  of: { struct: members },
  word: `struct(${members.map(([name, { word }]) => `${name} ${word}`).join(', ')})`,
  values: fc
    .tuple(
      fc.tuple(...members.map(([, { values }]) => fc.tuple(values, fc.boolean()))),
      fc.uniqueArray(
        texts.map((text) => `-${text}`),
        { maxLength: 2 },
      ),
      fc.json(),
    )
    .chain(([values, more, other]) => {
      const named = members.flatMap(([name], i) => {
        const [{ json, is } = { json: '', is: null }, left] = values[i] ?? [];
        return is === null && left === true ? [] : [pair(name, json)];
      });
      const all = [...named, ...more.map((name) => pair(name, other))];
      return fc
        .tuple(...all)
        .chain((pairs) => fc.shuffledSubarray(pairs, { minLength: pairs.length }))
        .chain((pairs) => within('{', pairs, '}'))
        .map((json) => ({
          json,
          is: Object.fromEntries(members.map(([name], i) => [name, values[i]?.[0]?.is ?? null])),
        }));
    }),
});

/** A nested type of at most so many levels. */
export function nested(levels: number): fc.Arbitrary<Kind> {
  const plain = fc.constantFrom(...scalars);
  const inner = levels <= 2 ? plain : fc.oneof(plain, nested(levels - 1));
  const part = inner.chain((kind) => fc.constantFrom(kind, orNull(kind)));
  const members = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), part), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 4,
  });
  return fc.oneof(part.map(list), part.map(map), members.map(struct));
}
