/**
 * The paths of XML as job files write them; `docs/formats.md#xml` has them for users. Only the texts are shared by the
 * two readings: each matches them in its own way.
 */

import type { Contract } from '../../job/model.ts';
import { withoutCase } from '../names.ts';

/** `Series/Obs`, or `/Data/Series/Obs` where it begins at the root. */
export interface RecordPath {
  fromRoot: boolean;
  /** From the outermost; the last is the record's own. */
  names: string[];
}

export interface Step {
  name: string;
  /** Attributes that the element must have, with these values. */
  where: Array<{ attribute: string; value: string }>;
}

/** Whether a name of the file is the one of a path. */
export type SameName = (found: string, asked: string) => boolean;

/** `names`: whether case counts. */
export const sameName = (names: Contract['names']): SameName =>
  names === 'ignore-case'
    ? (found, asked) => found === asked || withoutCase(found) === withoutCase(asked)
    : (found, asked) => found === asked;

/** What a value is read from. */
export interface FieldPath {
  /** How many levels above the record it begins; 0: at the record. */
  up: number;
  steps: Step[];
  /** Of the element that the steps lead to; `null`: the element itself. */
  attribute: string | null;
}

/** Letters of any script, but nothing that has a meaning in a path. U+FFFD stands for bytes that are no text. */
const name = /^[^\d\s/@[\]='"<>&!?().*\ufffd-][^\s/@[\]='"<>&!?()*\ufffd]*$/u;
const where = /^\[@([^\]=]+)=(?:'([^']*)'|"([^"]*)")\]/;

const isName = (text: string, prefixes: boolean): boolean =>
  name.test(text) && (prefixes ? text.split(':').length <= 2 : !text.includes(':'));

/** `null`: no path. `prefixes`: whether names may have one. */
export function recordPath(text: string, prefixes: boolean): RecordPath | null {
  const fromRoot = text.startsWith('/');
  const names = (fromRoot ? text.slice(1) : text).split('/');
  return names.every((one) => isName(one, prefixes)) ? { fromRoot, names } : null;
}

/** A `from` that begins with `@`, `/`, `./` or `../`, or else a child element's name as it is. `null`: no path. */
export function fieldPath(text: string, prefixes: boolean): FieldPath | null {
  const [, parents = '', here = ''] = /^((?:\.\.\/)*)(\.?\/)?/.exec(text) ?? [];
  const up = parents.length / 3;
  if (up > 0 && here !== '') return null;
  if (up === 0 && here === '' && !text.startsWith('@')) {
    return { up, steps: [{ name: text, where: [] }], attribute: null };
  }
  return walked(text.slice(parents.length + here.length), up, prefixes);
}

function walked(text: string, up: number, prefixes: boolean): FieldPath | null {
  const path: FieldPath = { up, steps: [], attribute: null };
  // the record itself, whole; of what lies above it there is no whole
  if (text === '') return up === 0 ? path : null;
  for (let rest = text; ; ) {
    if (rest.startsWith('@')) {
      path.attribute = rest.slice(1);
      return isName(path.attribute, prefixes) ? path : null;
    }
    const [own = ''] = /^[^/[]*/.exec(rest) ?? [];
    if (!isName(own, prefixes)) return null;
    const step: Step = { name: own, where: [] };
    path.steps.push(step);
    rest = rest.slice(own.length);
    for (let found = where.exec(rest); found !== null; found = where.exec(rest)) {
      const [whole, attribute = '', single, double = ''] = found;
      if (!isName(attribute, prefixes)) return null;
      step.where.push({ attribute, value: single ?? double });
      rest = rest.slice(whole.length);
    }
    if (rest === '') return path;
    if (!rest.startsWith('/')) return null;
    rest = rest.slice(1);
  }
}

/** Names of elements beside the record's ancestors that a path asks for; `null`: it asks for none. */
export const besideAncestors = ({ up, steps }: FieldPath): string | null =>
  up > 0 ? (steps[0]?.name ?? null) : null;

/** Without its prefix, or as it is. */
export const nameAs = (namespaces: 'strip' | 'keep', written: string): string =>
  namespaces === 'keep' ? written : written.slice(written.indexOf(':') + 1);
