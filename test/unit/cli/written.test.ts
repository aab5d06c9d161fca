import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compact, named } from '../../../cli/read/written.ts';

test('a record stands on one line, and its words are as they were written', () => {
  const json =
    '{\n  "id" : 12345678901234567890.10,\r\n\t"t": "a \\"b\\" {,}\\n \\u00e9\\\\", "e": [ 1E400, true , null, {} ]\n}';
  expect(compact(Buffer.from(json))).toBe(
    '{"id":12345678901234567890.10,"t":"a \\"b\\" {,}\\n \\u00e9\\\\","e":[1E400,true,null,{}]}',
  );
});

test('an array becomes an object of its names, whatever they are', () => {
  const names = ['a', '__proto__', 'say "b"', 'c', 'd'];
  expect(named(names, Buffer.from(' [ 1.50 , "x,]\\"" ,[1,[2]], {"k": [ ]},null ] '))).toBe(
    '{"a":1.50,"__proto__":"x,]\\"","say \\"b\\"":[1,[2]],"c":{"k":[]},"d":null}',
  );
});

test('whatever the value is, both mean the same as before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1, maxLength: 5 }),
      fc.nat(3),
      (array, indent) => {
        const text = JSON.stringify(array, null, indent);
        expect(compact(Buffer.from(text))).toBe(JSON.stringify(array));
        const names = array.map((_, i) => `n${i}`);
        expect(named(names, Buffer.from(text))).toBe(
          `{${array.map((value, i) => `"n${i}":${JSON.stringify(value)}`).join(',')}}`,
        );
      },
    ),
  );
});
