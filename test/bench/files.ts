/** Files and jobs that cases work on, made where they are missing. */
import { appendFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { root } from '../../cli/local/home.ts';
import { loadJobs } from '../../core/job/load.ts';
import type { CsvFormat, Job } from '../../core/job/model.ts';
import { versionOf } from '../../core/job/version.ts';
import { makeDay } from '../../scripts/demo/orders.ts';

const MiB = 1_024 * 1_024;
export const folder = join(root, '.forebay', 'bench');

/** Orders as the demo has them, one in a thousand bad, one in a hundred filtered; LF line ends. */
export function ordersFile(mebibytes: number): string {
  const path = join(folder, `orders-${mebibytes}.csv`);
  if (!existsSync(path)) {
    const records = 10_000 * Math.min(mebibytes, 64);
    const spec = { slice: '2026-03-01', seed: 7, records, bad: records / 1_000, tests: records / 100 };
    const csv = makeDay(spec).csv.replaceAll('\r', '');
    repeated(path, csv.slice(0, csv.indexOf('\n') + 1), csv.slice(csv.indexOf('\n') + 1), mebibytes);
  }
  return path;
}

/** Legs of journeys: nine short fields, no quotes, no header; what a timetable's export looks like. */
export function legsFile(mebibytes: number): string {
  const path = join(folder, `legs-${mebibytes}.csv`);
  if (!existsSync(path)) {
    const code = (n: number) => String.fromCharCode(65 + (n % 26), 65 + ((n * 7) % 26), 65 + ((n * 11) % 26));
    const line = (n: number) =>
      `${code(n).slice(1)},${n % 9_000},${code(n * 3)},${n % 7_919},${code(n * 5)},${n % 8_123},,${n % 3},${(n % 8) * 100 + 18}`;
    const lines = Array.from({ length: 200_000 }, (_, n) => line(n));
    repeated(path, '', `${lines.join('\n')}\n`, mebibytes);
  }
  return path;
}

/** The same orders in JSON, an object a line: numbers as numbers, where they are some. */
export function ordersNdjson(mebibytes: number): string {
  const path = join(folder, `orders-${mebibytes}.ndjson`);
  if (!existsSync(path)) {
    const lines = someOrders().map((line) => `${line}\n`);
    repeated(path, '', lines.join(''), mebibytes);
  }
  return path;
}

/** And as one document, an array. */
export function ordersJson(mebibytes: number): string {
  const path = join(folder, `orders-${mebibytes}.json`);
  if (!existsSync(path)) {
    repeated(path, '[\n', `${someOrders().join(',\n')},\n`, mebibytes);
    appendFileSync(path, `${someOrders()[0]}\n]\n`);
  }
  return path;
}

function someOrders(): string[] {
  const csv = makeDay({ slice: '2026-03-01', seed: 7, records: 200_000, bad: 200, tests: 2_000 }).csv;
  const number = /^(0|[1-9]\d*)([.]\d+)?$/;
  const rows = parse(csv, { columns: true, relax_column_count: true }) as Array<Record<string, string>>;
  return rows.map((row) => {
    const members = Object.entries(row).map(([name, text]) => {
      const value = text === '' ? 'null' : number.test(text) ? text : JSON.stringify(text);
      return `${JSON.stringify(name)}:${value}`;
    });
    return `{${members.join(',')}}`;
  });
}

/** Observations as statistical XML has them: keys in attributes above, values in attributes below. */
export function observationsFile(mebibytes: number): string {
  const path = join(folder, `observations-${mebibytes}.xml`);
  if (!existsSync(path)) {
    const observation = (n: number) =>
      `      <g:Obs>\n        <g:ObsDimension value="${1_900 + (n % 125)}-${String((n % 12) + 1).padStart(2, '0')}"/>\n` +
      `        <g:ObsValue value="${((n * 7_919) % 100_000) / 100}"/>\n        <g:Attributes>\n` +
      '          <g:Value id="OBS_STATUS" value="A"/>\n        </g:Attributes>\n      </g:Obs>\n';
    const series = (n: number) =>
      `    <g:Series>\n      <g:SeriesKey>\n        <g:Value id="FREQ" value="M"/>\n` +
      `        <g:Value id="PRODUCT" value="B${n}"/>\n      </g:SeriesKey>\n` +
      `${Array.from({ length: 200 }, (_, i) => observation(n * 200 + i)).join('')}    </g:Series>\n`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, '<?xml version="1.0" encoding="UTF-8"?>\n<g:Data xmlns:g="urn:example:generic">\n');
    for (let n = 0; statSync(path).size < mebibytes * MiB; n += 20) {
      appendFileSync(path, Array.from({ length: 20 }, (_, i) => series(n + i)).join(''));
    }
    appendFileSync(path, '</g:Data>\n');
  }
  return path;
}

function repeated(path: string, header: string, body: string, mebibytes: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, header);
  const wanted = mebibytes * MiB;
  for (let size = header.length; size < wanted; size = statSync(path).size) {
    const fits =
      body.length <= wanted - size ? body : body.slice(0, body.indexOf('\n', wanted - size - 1) + 1);
    appendFileSync(path, fits);
  }
}

const demoOrders = async (): Promise<Job> => {
  const [orders] = (await loadJobs(join(root, 'jobs'))).filter(({ job }) => job.name === 'orders');
  if (orders === undefined) throw new Error('jobs/orders.ts is not there');
  return orders.job;
};

/** Paths of the jobs, as JSON. */
export async function jobFiles(): Promise<
  Record<'orders' | 'ordersPlain' | 'ordersNdjson' | 'ordersJson' | 'legs' | 'observations', string>
> {
  const orders = await demoOrders();
  const int = (name: string) => ({ name, type: { name: 'int' as const }, nullable: true, from: null });
  const text = (name: string) => ({ name, type: { name: 'string' as const }, nullable: true, from: null });
  const columns = [
    ...[text('airline'), int('airline_id'), text('origin'), int('origin_id'), text('destination')],
    ...[int('destination_id'), text('codeshare'), int('stops'), text('equipment')],
  ];
  const legs: Job = {
    ...orders,
    name: 'legs',
    cadence: 'once',
    format: { ...csvOf(orders), header: columns.map(({ name }) => name) },
    contract: { ...orders.contract, columns, filter: null, key: [] },
    privacy: {},
    schedule: null,
  };
  const from = (name: string, path: string) => ({ ...text(name), from: path });
  const observations: Job = {
    ...legs,
    name: 'observations',
    format: { kind: 'xml', record: 'Series/Obs', namespaces: 'strip', required: false, encoding: null },
    contract: {
      ...legs.contract,
      columns: [
        from('period', './ObsDimension/@value'),
        { ...from('value', './ObsValue/@value'), type: { name: 'decimal', precision: 12, scale: 2 } },
        from('status', "./Attributes/Value[@id='OBS_STATUS']/@value"),
        from('freq', "../SeriesKey/Value[@id='FREQ']/@value"),
        from('product', "../SeriesKey/Value[@id='PRODUCT']/@value"),
      ],
    },
  };
  const common = { required: false, encoding: 'utf-8' as const };
  const put = (name: string, job: Job): string => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(versionOf(job)));
    return path;
  };
  return {
    orders: put('orders', orders),
    ordersPlain: put('orders-plain', { ...orders, privacy: {} }),
    ordersNdjson: put('orders-ndjson', {
      ...orders,
      privacy: {},
      format: { kind: 'ndjson', header: null, ...common },
    }),
    ordersJson: put('orders-json', {
      ...orders,
      privacy: {},
      format: { kind: 'json', path: '$', ...common },
    }),
    legs: put('legs', legs),
    observations: put('observations', observations),
  };
}

function csvOf({ format }: Job): CsvFormat {
  if (format.kind !== 'csv') throw new Error(`a job of CSV expected, not of ${format.kind}`);
  return format;
}

export const mebibytesOf = (path: string): number => statSync(path).size / MiB;
