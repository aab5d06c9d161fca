/** Made-up orders by a seeded generator: the same files at each call, and what must become of their records. */

export interface DaySpec {
  slice: string;
  seed: number;
  records: number;
  /** Records that break the contract; they are spread over the file. */
  bad: number;
  /** Records that the job's filter leaves out. */
  tests: number;
}

export interface Day {
  csv: string;
  expected: { read: number; written: number; rejected: number; filtered: number };
}

/** Mulberry32: small, fast, and the same on every machine. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const firstNames = [
  'ada',
  'bram',
  'chloé',
  'daan',
  'emma',
  'fatima',
  'grace',
  'hugo',
  'ines',
  'jan',
  'kim',
  'lars',
];
const domains = ['example.org', 'example.com', 'example.net'];
const notes = [
  '',
  '',
  '',
  '',
  'leave at the door',
  'gift wrap, please',
  'ring twice\nthen call',
  'it says "fragile" on it',
  'for Zoë 🎁',
];

/** Each makes one good record bad, in a way that real files know. */
const faults: Array<(fields: string[]) => string[]> = [
  (fields) => replace(fields, 2, 'three'),
  (fields) => replace(fields, 2, '12.7'),
  (fields) => replace(fields, 3, '19.999'),
  (fields) => replace(fields, 1, '2026-02-30T12:00:00'),
  (fields) => replace(fields, 4, ''),
  (fields) => fields.slice(0, -2),
  (fields) => replace(fields, 0, '12345678901234567890'),
];

const replace = (fields: string[], at: number, value: string): string[] => fields.with(at, value);

export function makeDay(spec: DaySpec): Day {
  const next = random(spec.seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const lines = ['order_id,placed_at,qty,price,email,note,status'];
  const every = spec.bad === 0 ? Infinity : Math.floor(spec.records / spec.bad);
  let bad = 0;
  let tests = 0;
  for (let i = 0; i < spec.records; i++) {
    const isBad = i % every === every - 1 && bad < spec.bad;
    const isTest = !isBad && tests < spec.tests && i % 97 === 0;
    const good = order(spec, i, isTest ? 'test' : pick(['new', 'paid', 'sent']), pick, next);
    const fields = isBad ? (faults[bad % faults.length]?.(good) ?? good) : good;
    if (isBad) bad++;
    if (isTest) tests++;
    lines.push(fields.map(quoted).join(','));
  }
  const written = spec.records - bad - tests;
  return {
    csv: `${lines.join('\r\n')}\r\n`,
    expected: { read: spec.records, written, rejected: bad, filtered: tests },
  };
}

function order(
  spec: DaySpec,
  i: number,
  status: string,
  pick: <T>(list: readonly T[]) => T,
  next: () => number,
): string[] {
  const id = BigInt(spec.slice.replaceAll('-', '')) * 100_000_000_000n + BigInt(i);
  // From 02:00 to 22:00 UTC, so that each order lies in its day in Amsterdam as well.
  const seconds = 2 * 3_600 + Math.floor((i / spec.records) * 20 * 3_600);
  const placedAt = new Date(Date.parse(`${spec.slice}T00:00:00Z`) + seconds * 1_000).toISOString();
  const price = (Math.floor(next() * 20_000) + 50) / 100;
  return [
    String(id),
    placedAt,
    String(1 + Math.floor(next() * 9)),
    price.toFixed(2),
    `${pick(firstNames)}.${Math.floor(next() * 10_000)}@${pick(domains)}`,
    pick(notes),
    status,
  ];
}

/** RFC 4180. */
const quoted = (field: string): string =>
  /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
