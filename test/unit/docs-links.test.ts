/** Every page's links, by file and heading, and the numbers of the decisions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

const pagesBelow = (dir: string): string[] =>
  readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(dir, name));
const topPages = readdirSync(root).filter((name) => name.endsWith('.md'));
const pages = [...topPages, ...['docs', 'examples', 'fixtures'].flatMap(pagesBelow)];

/** Without its blocks of code. */
const proseOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8').replaceAll(/^```[^\n]*\n[\s\S]*?^```$/gm, '');

/** The anchors of a page as GitHub makes them of its headings: letters and digits, blanks as hyphens, repeats counted. */
function anchorsOf(file: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...proseOf(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const text = heading.replaceAll(/\]\([^)]*\)/g, '');
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set(anchors);
}

const linksOf = (file: string): string[] =>
  [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

test.each(pages)('each link of %s leads to a file that there is, and to a heading of it', (page) => {
  const broken = linksOf(page).filter((target) => {
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page : relative(root, join(root, dirname(page), file));
    if (!existsSync(join(root, path))) return true;
    return anchor !== undefined && !anchorsOf(path).has(anchor);
  });
  expect(broken).toEqual([]);
});

test('the pages have links within and between them', () => {
  expect(pages.flatMap(linksOf).length).toBeGreaterThan(100);
});

test('decisions are numbered from 1 without a gap, in the name of the file as in its heading', () => {
  const files = readdirSync(join(root, 'docs', 'adr')).filter((name) => /^\d/.test(name));
  files.sort().forEach((name, i) => {
    expect(name.slice(0, 5)).toBe(`${String(i + 1).padStart(4, '0')}-`);
    expect(proseOf(join('docs', 'adr', name)).split('. ')[0], name).toBe(`# ${i + 1}`);
  });
});
