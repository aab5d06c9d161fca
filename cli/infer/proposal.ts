/** A job file as a person would write it. */
import type { NamedColumn } from './names.ts';

export interface Proposal {
  name: string;
  kind: string;
  /** Of the format: what is not its default. */
  options: Record<string, unknown>;
  columns: Array<NamedColumn & { type: string }>;
  /** Lines of a comment above the job. */
  comment: string[];
}

export function proposalText({ name, kind, options, columns, comment }: Proposal): string {
  const format = Object.keys(options).length === 0 ? '' : literal(options);
  return [
    `import { ${[kind, 'defineJob', 'inbox', 'lake'].sort().join(', ')} } from 'forebay/core/job';`,
    '',
    ...comment.map((line) => `// ${line}`),
    'export default defineJob({',
    `  name: ${literal(name)},`,
    `  owner: 'nobody yet',`,
    `  cadence: 'once',`,
    '  source: inbox(),',
    `  format: ${kind}(${format}),`,
    '  contract: {',
    '    columns: {',
    ...columns.map(columnLine),
    '    },',
    '  },',
    `  envelope: { eventType: ${literal(eventType(name))}, resource: ${literal(`/${name}`)} },`,
    '  sinks: [lake()],',
    '});',
    '',
  ].join('\n');
}

/** The same as plain data: what `defineJob` is given. */
export const proposalSpec = ({ name, kind, options, columns }: Proposal): object => ({
  name,
  ...{ owner: 'nobody yet', cadence: 'once', source: { kind: 'inbox' } },
  format: { kind, ...options },
  contract: {
    columns: Object.fromEntries(
      columns.flatMap(({ name: column, type, from }) =>
        column === null ? [] : [[column, from === null ? type : { type, from }]],
      ),
    ),
  },
  envelope: { eventType: eventType(name), resource: `/${name}` },
  sinks: [{ kind: 'lake' }],
});

function columnLine({ name, field, from, type, why }: Proposal['columns'][number]): string {
  if (name === null) return `      // not read: ${oneLine(field)}, since ${why}`;
  const value = from === null ? literal(type) : `{ type: ${literal(type)}, from: ${literal(from)} }`;
  return `      ${name}: ${value},`;
}

const eventType = (name: string): string =>
  `${name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}Recorded`;

/** A name from a file, where it can end no comment. */
export const oneLine = (text: string): string => JSON.stringify(text).replace(/[\u2028\u2029]/g, ' ');

/** As TypeScript, texts in single quotes. */
function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([name, member]) => `${name}: ${literal(member)}`);
  return `{ ${members.join(', ')} }`;
}

/** From JSON's text, in which only the quotes are other ones. */
const quoted = (text: string): string => {
  const inner = JSON.stringify(text).slice(1, -1);
  return `'${inner.replace(/\\(.)|'/g, (found, escaped?: string) => (found === "'" ? "\\'" : escaped === '"' ? '"' : found))}'`;
};
