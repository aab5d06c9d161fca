/**
 * All that the CLI prints. Results go to stdout: for people, or as JSON with `--json`. Progress and notes go to
 * stderr, so that a result can be piped. Colour only on a terminal, and never with NO_COLOR.
 */

export interface Sink {
  write(text: string): unknown;
  isTTY?: boolean;
  /** `write` answered `false`: what is behind it takes no more for now. */
  once?(event: 'drain', listener: () => void): unknown;
}

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

export interface Output {
  readonly json: boolean;
  /** A result: one JSON document with `--json`, else what `human` prints. */
  result(value: unknown, human: (out: Output) => void): void;
  /** One of many results: one line of NDJSON with `--json`. */
  item(value: unknown, human: (out: Output) => void): void;
  line(text?: string): void;
  /** Text as it is, without a line's end. */
  raw(text: string): void;
  /** The same for a lot of text: waits where whoever reads it is slower. */
  pour(text: string): Promise<void>;
  table(columns: readonly string[], rows: ReadonlyArray<readonly unknown[]>): void;
  paint(tone: Tone, text: string): string;
  /** What is being done: replaces itself on a terminal, a line each otherwise. */
  progress(text: string): void;
  /** The same for what changes by the moment: where there is no terminal, only now and then. */
  tick(text: string): void;
  /** A line for people on stderr. */
  note(text: string): void;
}

const tickMs = 5_000;

const codes: Record<Tone, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

export function createOutput(options: {
  json: boolean;
  stdout: Sink;
  stderr: Sink;
  environment: NodeJS.ProcessEnv;
}): Output {
  const { json, stdout, stderr, environment } = options;
  const colour = wantsColour(stdout, environment);
  let shown = '';
  let ticked = 0;
  const clear = () => {
    if (stderr.isTTY && shown !== '') stderr.write('\r\x1b[2K');
    shown = '';
  };
  const out: Output = {
    json,
    result(value, human) {
      clear();
      if (json) stdout.write(`${toJson(value, 2)}\n`);
      else human(out);
    },
    item(value, human) {
      clear();
      if (json) stdout.write(`${toJson(value)}\n`);
      else human(out);
    },
    line(text = '') {
      clear();
      stdout.write(`${text}\n`);
    },
    raw: (text) => void stdout.write(text),
    async pour(text) {
      clear();
      if (stdout.write(text) === false)
        await new Promise<void>((done) => stdout.once?.('drain', done) ?? done());
    },
    table(columns, rows) {
      clear();
      for (const text of formatTable(columns, rows, (head) => out.paint('dim', head)))
        stdout.write(`${text}\n`);
    },
    paint: (tone, text) => (colour ? `\x1b[${codes[tone][0]}m${text}\x1b[${codes[tone][1]}m` : text),
    progress(text) {
      if (text === shown) return;
      if (stderr.isTTY) stderr.write(`\r\x1b[2K${text}`);
      else stderr.write(`${text}\n`);
      shown = text;
    },
    tick(text) {
      if (!stderr.isTTY && Date.now() - ticked < tickMs) return;
      ticked = Date.now();
      out.progress(text);
    },
    note(text) {
      clear();
      stderr.write(`${text}\n`);
    },
  };
  return out;
}

export function wantsColour(stream: Sink, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
}

/** Numbers that JSON would round are texts already; a bigint that is left becomes one, too. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? part.toString() : part), indent);
}

/** A cell's text on one line: a control character from a file must not reach the terminal. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? toJson(value) : String(value);
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Columns as wide as their widest cell; numbers to the right. */
export function formatTable(
  columns: readonly string[],
  rows: ReadonlyArray<readonly unknown[]>,
  head: (text: string) => string = (text) => text,
): string[] {
  const texts = rows.map((row) => columns.map((_, i) => cell(row[i])));
  const numeric = columns.map((_, i) => rows.length > 0 && rows.every((row) => isNumeric(row[i])));
  const widths = columns.map((name, i) =>
    texts.reduce((width, row) => Math.max(width, length(row[i] ?? '')), length(name)),
  );
  const pad = (text: string, i: number) => {
    const blanks = ' '.repeat((widths[i] ?? 0) - length(text));
    return numeric[i] ? blanks + text : text + blanks;
  };
  const join = (row: readonly string[]) => row.map(pad).join('  ').trimEnd();
  return [head(join(columns)), ...texts.map(join)];
}

const length = (text: string): number => [...text].length;

function isNumeric(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint' || value === null) return true;
  return typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value);
}
