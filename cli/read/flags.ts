/** The options of a format as flags: they become what stands in a job file, and its rules hold for them. */
import { type Command, Option } from 'commander';
import type { Format } from '../../core/job/model.ts';
import { wrongUsage } from '../problem.ts';

interface Flag {
  /** Of the format in a job file. */
  field: string;
  options: Option[];
  /** What stands in the job file. */
  value?: (given: string) => unknown;
}

/** A tab is hard to type in a shell. */
const tab = (given: string): string => (given === '\\t' ? '\t' : given);
const number = (given: string): unknown => (/^\d+$/.test(given) ? Number(given) : given);

/** `first-line` is NDJSON's word; a name that holds a comma needs the JSON list. */
function header(given: string): unknown {
  if (given === 'first-line') return given;
  if (!given.startsWith('[')) return given.split(',');
  try {
    return JSON.parse(given) as unknown;
  } catch {
    return given;
  }
}

const collected = (given: string, before: string[] = []): string[] => [...before, given];

export const formatFlags: readonly Flag[] = [
  {
    field: 'delimiter',
    options: [new Option('--delimiter <text>', String.raw`csv: what stands between two fields; \t is a tab`)],
    value: tab,
  },
  {
    field: 'quote',
    options: [
      new Option('--quote <character>', 'csv: around a field'),
      new Option('--no-quote', 'csv: none'),
    ],
  },
  { field: 'escape', options: [new Option('--escape <character>', 'csv: before a quote within quotes')] },
  {
    field: 'header',
    options: [
      new Option('--header <names>', 'the names, a,b,c or a JSON list, where the file has none'),
      new Option('--no-header', 'the first record is data'),
    ],
    value: header,
  },
  {
    field: 'skipRows',
    options: [new Option('--skip-rows <n>', 'csv: lines before all else')],
    value: number,
  },
  {
    field: 'comment',
    options: [new Option('--comment <character>', 'csv: begins a line that is no record')],
  },
  {
    field: 'nulls',
    options: [
      new Option('--null <text>', 'csv: a text that means null; again for more').argParser(collected),
    ],
  },
  { field: 'trim', options: [new Option('--trim', 'csv: without blanks around fields')] },
  { field: 'ragged', options: [new Option('--ragged <how>', 'csv: rows of another width: reject or pad')] },
  {
    field: 'headerNames',
    options: [
      new Option('--header-names <how>', 'csv: names that are empty or come twice: reject or rename'),
    ],
  },
  { field: 'path', options: [new Option('--path <path>', 'json: where the records are, e.g. $.data.items')] },
  {
    field: 'record',
    options: [new Option('--record <path>', 'xml: the element of a record, e.g. Series/Obs')],
  },
  { field: 'namespaces', options: [new Option('--namespaces <how>', 'xml: prefixes: strip or keep')] },
  { field: 'encoding', options: [new Option('--encoding <name>', 'where no byte order mark says it')] },
];

export function addFormatFlags(command: Command): void {
  command.addOption(new Option('--format <name>', 'csv, ndjson, json or xml'));
  for (const { options } of formatFlags) for (const option of options) command.addOption(option);
}

/** By commander's own names: `--skip-rows` is `skipRows`, `--no-quote` is `quote: false`. */
export interface FormatOptions {
  format?: string;
}

/** The flags that were given, as fields of a format. */
export function givenFields(options: FormatOptions): Record<string, unknown> {
  const given = formatFlags.flatMap(({ field, options: [option], value }) => {
    const said = option && (options as Record<string, unknown>)[option.attributeName()];
    if (said === undefined) return [];
    if (said === false && field === 'quote') return [[field, null]];
    return [[field, typeof said === 'string' && value !== undefined ? value(said) : said]];
  });
  return Object.fromEntries(given);
}

export const flagOf = (field: string): string =>
  formatFlags.find((flag) => flag.field === field)?.options[0]?.long ?? `--${field}`;

/** The format that `kind` and the fields make, or wrong usage in the words that a job file gets. */
export async function toCheckedFormat(kind: string, fields: Record<string, unknown>): Promise<Format> {
  const { formatRules, formatSpec, toFormat } = await import('../../core/job/format/format.ts');
  const { problemsOf } = await import('../../core/job/problems.ts');
  const shapes = new Map(formatSpec.options.map(({ shape }) => [shape.kind.value as string, shape]));
  const shape = shapes.get(kind);
  if (shape === undefined)
    throw wrongUsage(`--format is '${kind}'; there is ${[...shapes.keys()].join(', ')}`);
  const strange = Object.keys(fields).filter((field) => !Object.hasOwn(shape, field));
  if (strange.length > 0) throw wrongUsage(notOf(kind, strange, Object.keys(shape)));
  const spec = { kind, ...fields };
  const parsed = formatSpec.safeParse(spec);
  const broken = parsed.success
    ? formatRules(toFormat(parsed.data)).map((found) => ({
        ...found,
        field: found.field.replace(/^format\./, ''),
      }))
    : problemsOf('', spec, parsed.error);
  if (!parsed.success || broken.length > 0) {
    throw wrongUsage(
      broken
        .map(({ field, value, allowed }) => {
          const flag = flagOf(field.split('.')[0] ?? field);
          return value === undefined ? `${flag} ${allowed}` : `${flag} is ${value}. Allowed: ${allowed}`;
        })
        .join('\n'),
    );
  }
  return toFormat(parsed.data);
}

function notOf(kind: string, strange: readonly string[], known: readonly string[]): string {
  const flags = formatFlags.filter(({ field }) => known.includes(field)).map(({ field }) => flagOf(field));
  return `${strange.map(flagOf).join(' and ')}: not with ${kind}, which takes ${flags.join(', ')}`;
}
