import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { jobAlarms, sharedAlarms } from '../../core/alarms.ts';
import { metricUnits } from '../../core/metrics.ts';

const docs = readFileSync(new URL('../../docs/watching.md', import.meta.url), 'utf8');

/** The first two cells of each row of the table below a heading. */
const rowsBelow = (heading: string): Array<[string, string]> => {
  const [, section = ''] = docs.split(`## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, name = '', next = '']) => [name, next]);
};

test('docs/watching.md has every metric with its unit, and no other', () => {
  const known = Object.entries(metricUnits).map(([name, unit]) => [name, unit.toLowerCase()]);
  expect(rowsBelow('Metrics').sort()).toEqual(known.sort());
});

test('docs/watching.md has every alarm, and no other', () => {
  const names = rowsBelow('Alarms').map(([name]) => name);
  expect(names.sort()).toEqual([...jobAlarms, ...sharedAlarms].sort());
});
