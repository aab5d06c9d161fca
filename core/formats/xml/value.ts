/** The text of a value, and the JSON text of what is more than a text. `docs/formats.md#xml` has the form. */
import type { Shape } from '../interfaces.ts';
import type { Element } from './element.ts';
import type { SameName, Step } from './path.ts';

/** The elements that the steps lead to. */
export function select(from: readonly Element[], steps: readonly Step[], same: SameName): readonly Element[] {
  let found = from;
  for (const step of steps) {
    const next: Element[] = [];
    for (const { elements } of found) {
      for (const element of elements) if (fits(element, step, same)) next.push(element);
    }
    found = next;
  }
  return found;
}

export const fits = (element: Element, { name, where }: Step, same: SameName): boolean =>
  same(element.name, name) &&
  where.every(({ attribute, value }) => attributesIn(element, attribute, same).includes(value));

/** `null`: there is none. Of several a list. */
export function textAt(
  elements: readonly Element[],
  attribute: string | null,
  shape: Shape | undefined,
  same: SameName,
): string | null {
  if (attribute === null) return ofElements(elements, shape);
  const values: string[] = [];
  for (const element of elements) values.push(...attributesIn(element, attribute, same));
  if (values.length === 1 && !isList(shape)) return values[0] as string;
  return values.length === 0 ? null : JSON.stringify(values);
}

function ofElements(elements: readonly Element[], shape: Shape | undefined): string | null {
  const [first] = elements;
  if (first === undefined) return null;
  if (elements.length > 1 || isList(shape)) return listJson(elements, shape);
  const plain = shape === undefined || shape === 'text';
  return plain && first.elements.length === 0 ? ownText(first) : json(first, shape);
}

const isList = (shape: Shape | undefined): shape is { list: Shape } =>
  typeof shape === 'object' && 'list' in shape;

const attributesIn = ({ attributes }: Element, name: string, same: SameName): string[] =>
  attributes.filter((attribute) => same(attribute.name, name)).map(({ value }) => value);
const ownText = (element: Element): string => element.texts().join('');

function listJson(values: ReadonlyArray<Element | string>, shape: Shape | undefined): string {
  const of = isList(shape) ? shape.list : shape;
  return `[${values.map((value) => json(value, of)).join(',')}]`;
}

/** An element that is nothing but text is its text. */
function json(value: Element | string, shape: Shape | undefined): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const isLeaf = value.elements.length === 0;
  const asText = shape === 'text' || (value.attributes.length === 0 && !isObject(shape));
  if (isLeaf && asText) return JSON.stringify(ownText(value));
  // no object of JavaScript's: `__proto__` is a name like any other
  const members = [...membersOf(value)].map(
    ([name, values]) => `${JSON.stringify(name)}:${oneOrList(values, shapeOf(shape, name))}`,
  );
  return `{${members.join(',')}}`;
}

const isObject = (
  shape: Shape | undefined,
): shape is { members: ReadonlyMap<string, Shape> } | { values: Shape } =>
  typeof shape === 'object' && !('list' in shape);

function shapeOf(shape: Shape | undefined, name: string): Shape | undefined {
  if (!isObject(shape)) return undefined;
  return 'values' in shape ? shape.values : shape.members.get(name);
}

const oneOrList = (values: ReadonlyArray<Element | string>, shape: Shape | undefined): string =>
  values.length === 1 && !isList(shape)
    ? json(values[0] as Element | string, shape)
    : listJson(values, shape);

/** By name: attributes, then elements, then text. What has the same name stands together. */
function membersOf(element: Element): Map<string, Array<Element | string>> {
  const members = new Map<string, Array<Element | string>>();
  const add = (name: string, value: Element | string) => {
    const same = members.get(name);
    if (same === undefined) members.set(name, [value]);
    else same.push(value);
  };
  for (const { name, value } of element.attributes) add(name, value);
  for (const child of element.elements) add(child.name, child);
  for (const text of textPieces(element)) add('_text', text);
  return members;
}

/** Blanks alone between elements are how the file is laid out. */
function textPieces(element: Element): string[] {
  const pieces = element.texts();
  const isLayout = pieces.length > 1 && pieces.every((piece) => /^[ \t\r\n]*$/.test(piece));
  return isLayout ? [] : pieces.filter((piece) => piece !== '');
}
