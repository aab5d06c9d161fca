/**
 * A job over values with marks, and then a search for the marks in all that is stored and logged. What is hashed,
 * masked or dropped, and all of a record that is rejected or filtered, stands in the inbox and the raw zone alone;
 * a plain value of a written record also in the table. The search finds it there, so it would find it elsewhere.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { beforeAll, expect, test } from 'vitest';
import { hashKeyName, type Outputs } from '../../../core/outputs.ts';
import type { Cloud } from '../../support/cloud.ts';
import { clientOf, consume, type Delivered } from '../../support/consumer.ts';
import { sharedOutputs } from '../../support/deployed.ts';
import { type Places, placesOf, storedBy } from '../../support/stored.ts';

const head = 'id,plain,hashed,masked,dropped,amount,code,factor,status';
const plain = 'ZqGoodPlainQz';
const good = `1,${plain},ZqGoodHashedQz,ZqGoodMaskedQz,ZqGoodDroppedQz,1.50,ZqGoodCodeQz,2,new`;
const filtered = '2,ZqSkipPlainQz,ZqSkipHashedQz,ZqSkipMaskedQz,ZqSkipDroppedQz,1.50,ZqSkipCodeQz,2,skip';
/** A record for each way to break, by the code that it is rejected with. */
const broken: Array<[code: string, record: string]> = [
  ['RaggedRow', '3,ZqRaggedPlainQz,ZqRaggedHashedQz'],
  ['InvalidUtf8', '4,ZqBytesPlainQz\xff,ZqBytesHashedQz,ZqBytesMaskedQz,,1.50,a,2,new'],
  ['CastFailed', 'ZqCastIdQz,ZqCastPlainQz,ZqCastHashedQz,ZqCastMaskedQz,,1.50,a,2,new'],
  ['CastFailed', '6,ZqSumPlainQz,ZqSumHashedQz,,ZqSumDroppedQz,ZqSumAmountQz,a,2,new'],
  ['NullNotAllowed', '7,ZqNullPlainQz,,ZqNullMaskedQz,,1.50,a,2,new'],
  ['ExpressionFailed', '8,ZqSqlPlainQz,ZqSqlHashedQz,,,1.50,ZqSqlCodeQz,ZqSqlFactorQz,new'],
  ['InvalidQuote', '9,"ZqQuotePlainQz"x,ZqQuoteHashedQz,,,1.50,a,2,new'],
  ['UnclosedQuote', '10,"ZqOpenPlainQz,ZqOpenHashedQz,ZqOpenMaskedQz,,1.50,a,2,new'],
];
const lines = [head, good, filtered, ...broken.map(([, record]) => record)];

/** Files by how their runs end, and why. */
const runs: Array<{ job: string; slice: string; lines: string[]; status: string; error: string | null }> = [
  { job: 'marked', slice: '2026-03-01', lines, status: 'PARTIAL', error: null },
  {
    job: 'marked',
    slice: '2026-03-02',
    lines: [head, good, '3,ZqOverPlainQz', ...lines.slice(3)],
    status: 'FAILED',
    error: 'RejectThresholdExceeded',
  },
  // Whoever forgets the header delivers a record in its place.
  { job: 'marked', slice: '2026-03-03', lines: [good, good], status: 'FAILED', error: 'ColumnMissing' },
  {
    job: 'marked',
    slice: '2026-03-04',
    lines: ['1,ZqTwicePlainQz,ZqTwicePlainQz', good],
    status: 'FAILED',
    error: 'HeaderInvalid',
  },
  {
    job: 'strict',
    slice: '2026-03-01',
    lines: ['id,plain,hashed', `1,${plain},ZqGoodHashedQz`, 'ZqStrictIdQz,ZqStrictPlainQz,ZqStrictHashedQz'],
    status: 'FAILED',
    error: 'BadRecord',
  },
];
const marks = new Set(runs.flatMap(({ lines }) => lines.join().match(/Zq[A-Za-z]+?Qz/g) ?? []));
const secretMarks = [...marks].filter((mark) => mark !== plain);

/** Of a slice that is loaded, looked at and erased before the search; they come packed, so they are unpacked, too. */
const erasedRecords = [
  '1,ZqGonePlainQz,ZqGoneHashedQz,ZqGoneMaskedQz,ZqGoneDroppedQz,1.50,ZqGoneCodeQz,2,new',
  'ZqGoneIdQz,ZqGoneOtherQz,ZqGoneHashedQz,ZqGoneMaskedQz,,1.50,a,2,new',
];
const erasedMarks = new Set(erasedRecords.join().match(/Zq[A-Za-z]+?Qz/g));

interface Erased {
  tables: string[];
  places: Array<{ kind: string; versions: number }>;
  record: { runs: { count: number; ids: string[] }; by: string; doneAt: string | null };
  since: string | null;
}

let cloud: Cloud;
let erased: Erased;
let reopened: Delivered;
let sources: Array<{ code: string; source: string }>;
let places: Places;
let outputs: Outputs;
let shown: Array<Awaited<ReturnType<typeof showRun>>>;

/** What is looked at before is no part of what is searched: it is printed for that. */
async function eraseOne(say: (...args: string[]) => Promise<string>) {
  const slice = '2026-03-06';
  const path = `${file([head, ...erasedRecords])}.gz`;
  writeFileSync(path, gzipSync(`${[head, ...erasedRecords].join('\n')}\n`));
  const loaded = await say('--json', 'load', 'marked', path, '--slice', slice);
  const { runId, status } = JSON.parse(loaded) as { runId: string; status: string };
  expect(status, loaded).toBe('PARTIAL');
  const { stdout } = await cloud.forebay('--json', 'rejects', runId, '--show-source');
  const forget = ['raw', 'forget', 'marked', '--slice', slice, '--reason', 'asked for', '--yes'];
  const erased = JSON.parse(await say('--json', ...forget)) as Erased;
  await say('query', `SELECT count(*) AS rows FROM marked WHERE slice = '${slice}'`, '--format', 'ndjson');
  return {
    erased,
    sources: stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as never),
  };
}

/** All by one name: what a file is called is the provider's, and may appear. */
function file(lines: string[]): string {
  const folder = mkdtempSync(join(cloud.home, 'given-'));
  const path = join(folder, 'given.csv');
  writeFileSync(path, Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
  return path;
}

async function showRun(runId: string, say: (...args: string[]) => Promise<string>) {
  const { run } = JSON.parse(await say('--json', 'runs', 'show', runId)) as {
    run: { status: string; error: { name: string } | null };
  };
  const rejects = await say('--json', 'rejects', runId);
  const codes = [...rejects.matchAll(/"code": ?"(\w+)"/g)].map(([, code = '']) => code);
  return { status: run.status, error: run.error?.name ?? null, codes };
}

export function markedValues(deployed: () => Cloud): void {
  beforeAll(async () => {
    cloud = deployed();
    const settings = clientOf(cloud);
    outputs = await sharedOutputs(settings);
    const nextEvent = await consume(cloud, outputs.BusName);
    const said: string[] = [];
    const say = async (...args: string[]) => {
      const { stdout, stderr } = await cloud.forebay(...args);
      said.push(stdout, stderr);
      return stdout;
    };
    const ids = await Promise.all(
      runs.map(async ({ job, slice, lines }) => {
        const loaded = await say('--json', 'load', job, file(lines), '--slice', slice);
        return (JSON.parse(loaded) as { runId: string }).runId;
      }),
    );
    const events: Delivered[] = [];
    const told = () => new Set(events.map(({ detail }) => detail.data.runId));
    await nextEvent((event) => events.push(event) > 0 && ids.every((id) => told().has(id)));
    shown = await Promise.all(ids.map((id) => showRun(id, say)));
    await Promise.all([
      say('runs', 'list'),
      say('dlq', 'list'),
      ...ids.slice(0, 2).map((id) => say('runs', 'show', id)),
    ]);
    const plainColumns = (await cloud.forebay('query', 'SELECT plain FROM marked')).stdout;
    await say('query', 'SELECT * EXCLUDE (plain) FROM marked', '--format', 'ndjson');
    await say('load', 'marked', file(lines), '--slice', '2026-03-05');
    ({ erased, sources } = await eraseOne(say));
    reopened = await nextEvent(({ detail }) => detail.data.reason === 'forgotten');
    events.push(reopened);
    places = new Map([
      ...(await storedBy(settings, outputs, cloud.home)),
      ['events', JSON.stringify(events)],
      ['cli', said.join('\n')],
      ['cli query of plain columns', plainColumns],
    ]);
  });

  test('the runs end as they are meant to, and each record breaks in its own way', () => {
    expect(shown.map(({ status, error }) => ({ status, error }))).toEqual(
      runs.map(({ status, error }) => ({ status, error })),
    );
    expect(shown[0]?.codes).toEqual(broken.map(([code]) => code));
  });

  const below = (pattern: RegExp): Places => new Map([...places].filter(([place]) => pattern.test(place)));
  /** Where the provider's own bytes are kept. */
  const given = /^(inbox|raw) |^file given-/;

  test('every place has something in it to search', () => {
    for (const pattern of [
      /^slices table/,
      /^runs table/,
      /^events/,
      /^cli$/,
      /^queue .*JobDlq/,
      /^log .*Reconcile/,
      /^log .*WriteLake/,
      /^execution .*marked/,
      /^execution .*strict/,
      /^file ministack\.log/,
      /^ops rejects\//,
      /^ops manifests\//,
      /^ops staging\/.*\/objects\.json/,
      /^ops staging\/.*\/keys\//,
      /^rows of ops staging/,
      /^rows of lake/,
    ]) {
      const size = [...below(pattern).values()].join('').length;
      expect(size, String(pattern)).toBeGreaterThan(10);
    }
  });

  test('what functions log is among it, of calls that ended well and of those that did not', () => {
    const logs = [...below(/^log /).values()].join('\n');
    for (const line of ['"Envelope done"', '"Envelope failed"', '"Reconcile failed"', '"write-lake done"'])
      expect(logs).toContain(line);
  });

  test('the raw zone keeps every value, and the search finds it', () => {
    const raw = below(/^raw /);
    expect([...marks].filter((mark) => placesOf(raw, [mark]).length === 0)).toEqual([]);
  });

  test('a plain value of a written record is in the table, and in nothing else that is kept or told', () => {
    const table = /^rows of (lake|ops staging)|^(lake|ops staging).*\.parquet|^cli query of plain/;
    expect(placesOf(below(/^rows of lake/), [plain])).not.toEqual([]);
    expect(placesOf(below(/^cli query of plain/), [plain])).not.toEqual([]);
    const elsewhere = new Map([...places].filter(([place]) => !given.test(place) && !table.test(place)));
    expect(placesOf(elsewhere, [plain])).toEqual([]);
  });

  test('what is hashed, masked, dropped, rejected or filtered is nowhere but in what was given', () => {
    const elsewhere = new Map([...places].filter(([place]) => !given.test(place)));
    expect(placesOf(elsewhere, secretMarks)).toEqual([]);
  });

  test.each(['marked', 'strict'])(
    'the hash key of %s is in SSM, and nowhere else in any form',
    async (job) => {
      const { Parameter } = await new SSMClient(clientOf(cloud)).send(
        new GetParameterCommand({ Name: hashKeyName(outputs.SecretsPath, job), WithDecryption: true }),
      );
      const key = Buffer.from(Parameter?.Value ?? '');
      expect(key.length).toBeGreaterThanOrEqual(32);
      // HMAC's two pads (RFC 2104), which are as good as the key.
      const pads = [0x36, 0x5c].map((pad) => Buffer.from(key.map((byte) => byte ^ pad)));
      for (const form of [key, Buffer.from(key.toString('latin1'), 'base64'), ...pads]) {
        expect(placesOf(places, [form])).toEqual([]);
      }
    },
  );

  test('a search finds a text as it is, in hex and in base64 at each alignment', () => {
    const forms = ['', 'x', 'xy'].map((before) => Buffer.from(`${before}${plain}z`).toString('base64'));
    for (const content of [`a${plain}b`, Buffer.from(plain).toString('hex'), ...forms]) {
      expect(placesOf(new Map([['here', content]]), [plain]).length).toBeGreaterThan(0);
    }
  });

  test('a rejected record is shown to who may read raw', () => {
    const [, broken = ''] = erasedRecords;
    expect(sources.map(({ code, source }) => [code, source.trim()])).toEqual([['CastFailed', broken]]);
  });

  test('whoever read an erased slice is told that it is published no more', () => {
    expect(reopened).toMatchObject({
      'detail-type': 'SliceReopened',
      detail: {
        data: { job: 'marked', slice: '2026-03-06', runId: erased.record.runs.ids[0], published: null },
      },
    });
  });

  test('of a slice that is erased nothing is left anywhere, but that it was and who erased it', () => {
    expect(erased).toMatchObject({ tables: ['marked'], since: null, record: { runs: { count: 1 } } });
    expect(erased.record.doneAt).not.toBeNull();
    expect(erased.record.by).toMatch(/^arn:aws:iam::000000000000:/);
    expect(erased.places.map(({ kind }) => kind)).toEqual([
      ...['inbox', 'raw', 'unpacked', 'lake', 'staging', 'rejects'],
    ]);
    const kept = new Map([...places].filter(([place]) => !/^file given-/.test(place)));
    expect(placesOf(kept, erasedMarks)).toEqual([]);
    const [runId = ''] = erased.record.runs.ids;
    const left = [...below(/^(inbox|raw|lake|ops) /).keys()].filter((place) => place.includes(runId));
    // A place ends with its version.
    expect(left.map((place) => place.replace(/ \S*$/, ''))).toEqual([`ops manifests/marked/${runId}.json`]);
    expect(below(/^cli$/).get('cli')).toContain('"rows":"0"');
    expect(placesOf(below(/^runs table/), ['asked for'])).not.toEqual([]);
  });
}
