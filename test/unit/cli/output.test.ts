import { expect, test } from 'vitest';
import { cell, createOutput, formatTable, toJson, wantsColour } from '../../../cli/output.ts';

function captured(options: { json?: boolean; tty?: boolean; environment?: NodeJS.ProcessEnv } = {}) {
  const texts = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({
    isTTY: options.tty ?? false,
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const environment = options.environment ?? {};
  const output = createOutput({
    json: options.json ?? false,
    stdout: sink('out'),
    stderr: sink('err'),
    environment,
  });
  return { output, texts };
}

test('columns are as wide as their widest cell, numbers stand to the right, nulls are blank', () => {
  expect(
    formatTable(
      ['name', 'rows'],
      [
        ['orders', 12],
        ['a', null],
        ['ünïcode', 3],
      ],
    ),
  ).toEqual(['name     rows', 'orders     12', 'a', 'ünïcode     3']);
});

test('a cell stays on its line, and no control character of a file reaches the terminal', () => {
  expect(cell('two\nlines\tand \u001b[31mred\u0007 \u009b')).toBe(
    'two\\nlines\\tand \\x1b[31mred\\x07 \\x9b',
  );
  expect(cell({ id: 1n })).toBe('{"id":"1"}');
});

test('JSON holds bigints as text', () => {
  expect(toJson({ id: 2n ** 63n })).toBe('{"id":"9223372036854775808"}');
});

test('a result is one document with --json, and for people otherwise', () => {
  const json = captured({ json: true });
  json.output.result({ a: 1 }, (out) => out.line('for people'));
  expect(JSON.parse(json.texts.out)).toEqual({ a: 1 });
  const human = captured();
  human.output.result({ a: 1 }, (out) => out.line('for people'));
  expect(human.texts.out).toBe('for people\n');
});

test('many results are a line each with --json', () => {
  const { output, texts } = captured({ json: true });
  output.item({ n: 1 }, () => undefined);
  output.item({ n: 2 }, () => undefined);
  expect(texts.out).toBe('{"n":1}\n{"n":2}\n');
});

test('colour is for terminals, and never with NO_COLOR', () => {
  const terminal = { isTTY: true, write: () => undefined };
  expect(wantsColour(terminal, {})).toBe(true);
  expect(wantsColour(terminal, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour(terminal, { TERM: 'dumb' })).toBe(false);
  expect(wantsColour({ write: () => undefined }, {})).toBe(false);
  expect(captured().output.paint('red', 'x')).toBe('x');
  expect(captured({ tty: true }).output.paint('red', 'x')).toBe('\x1b[31mx\x1b[39m');
});

test('progress goes to stderr: replaced on a terminal, a line each otherwise, a repeat not at all', () => {
  const piped = captured();
  for (const text of ['one', 'one', 'two']) piped.output.progress(text);
  piped.output.line('result');
  expect(piped.texts).toEqual({ out: 'result\n', err: 'one\ntwo\n' });
  const terminal = captured({ tty: true });
  terminal.output.progress('one');
  terminal.output.line('result');
  expect(terminal.texts).toEqual({ out: 'result\n', err: '\r\x1b[2Kone\r\x1b[2K' });
});

test('what changes by the moment is told now and then where there is no terminal', () => {
  const { output, texts } = captured();
  for (let i = 0; i < 100; i++) output.tick(`${i} of 100`);
  expect(texts.err).toBe('0 of 100\n');
});
