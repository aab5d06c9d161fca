/** Elements as fast-xml-parser makes them of a record's text, and what their texts are. */
import { XMLParser } from 'fast-xml-parser';
import type { XmlFormat } from '../../job/model.ts';
import { nameAs } from './path.ts';

export interface Attribute {
  name: string;
  value: string;
}

/** As it comes: one member with the element's name or the kind of text, and `:@` for its attributes. */
type Node = { [key: string]: unknown };

/**
 * Nothing trimmed, no numbers, no entities: references are resolved here, since only here it is known what is CDATA.
 * A mark before each name keeps it apart from the parser's own words, and from those that JavaScript has for every
 * object (`constructor`), which the parser refuses or renames.
 */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '.',
  transformTagName: (name) => (name.startsWith('.') ? name : `.${name}`),
  cdataPropName: '#cdata',
  trimValues: false,
  parseTagValue: false,
  processEntities: false,
  jPath: false,
  maxNestedTags: 1_000,
});

/** The elements that a text of complete elements consists of. */
export function elementsOf(text: string, namespaces: XmlFormat['namespaces']): Element[] {
  const nodes = parser.parse(parsable(text)) as Node[];
  return nodes.map((node) => new Element(node, nameOf(keyOf(node), namespaces), namespaces));
}

/** What nobody asks for is not made. */
export class Element {
  /** As the format gives it. */
  readonly name: string;
  readonly #node: Node;
  readonly #namespaces: XmlFormat['namespaces'];
  #elements: readonly Element[] | undefined;
  #attributes: readonly Attribute[] | undefined;

  constructor(node: Node, name: string, namespaces: XmlFormat['namespaces']) {
    this.#node = node;
    this.name = name;
    this.#namespaces = namespaces;
  }

  get elements(): readonly Element[] {
    if (this.#elements === undefined) {
      const elements: Element[] = [];
      for (const child of this.#nodes()) {
        const key = keyOf(child);
        if (isElement(key)) {
          elements.push(new Element(child, nameOf(key, this.#namespaces), this.#namespaces));
        }
      }
      this.#elements = elements;
    }
    return this.#elements;
  }

  /** Its own, before, between and behind its elements: one more than there are of them. */
  texts(): string[] {
    const texts = [''];
    for (const child of this.#nodes()) {
      const key = keyOf(child);
      if (isElement(key)) texts.push('');
      else texts.push((texts.pop() ?? '') + textOf(child, key));
    }
    return texts;
  }

  get attributes(): readonly Attribute[] {
    this.#attributes ??= attributesOf(
      this.#node[':@'] as Record<string, string> | undefined,
      this.#namespaces,
    );
    return this.#attributes;
  }

  #nodes(): Node[] {
    return this.#node[keyOf(this.#node)] as Node[];
  }
}

const isElement = (key: string): boolean => key.charCodeAt(0) === 46;

/** Of an element's name or of text, which stands before `:@`. */
function keyOf(node: Node): string {
  for (const key in node) return key;
  return '';
}

/** Files have few names. */
const known = { strip: new Map<string, string>(), keep: new Map<string, string>() };

function nameOf(key: string, namespaces: XmlFormat['namespaces']): string {
  const names = known[namespaces];
  const found = names.get(key);
  if (found !== undefined) return found;
  const name = nameAs(namespaces, restored(key.slice(1)));
  if (names.size >= 10_000) names.clear();
  names.set(key, name);
  return name;
}

/**
 * The parser takes an apostrophe in a processing instruction for a quote, and two characters that may be part of a
 * name for blanks. Outside of CDATA, `<!--` and `<?` are always what they look like.
 */
function parsable(text: string): string {
  const bare = text.includes('<!--') || text.includes('<?') ? text.replace(asides, keepCdata) : text;
  if (!/[\u1680\ufeff]/.test(bare)) return bare;
  marked = true;
  return bare.replace(/[\u1680\ufeff]/g, (blank) => (blank === '\ufeff' ? '\ufffe' : '\uffff'));
}

/** Until a text has had one of the two, none needs to be looked through. */
let marked = false;

const asides = /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g;
const keepCdata = (found: string): string => (found.startsWith('<![') ? found : '');

/** XML has neither U+FFFE nor U+FFFF. */
const restored = (text: string): string =>
  marked ? text.replace(/[\ufffe\uffff]/g, (mark) => (mark === '\ufffe' ? '\ufeff' : '\u1680')) : text;

/** Declarations of namespaces are none (Namespaces in XML 1.0, 3). */
function attributesOf(
  found: Record<string, string> | undefined,
  namespaces: XmlFormat['namespaces'],
): readonly Attribute[] {
  const attributes: Attribute[] = [];
  for (const key in found) {
    if (key === '.xmlns' || key.startsWith('.xmlns:')) continue;
    // XML 1.0, 3.3.3: a line end or a tab is a blank, unless it is written as a reference
    const value = resolved((found[key] as string).replace(/[\n\t]/g, ' '));
    attributes.push({ name: nameOf(key, namespaces), value });
  }
  return attributes;
}

function textOf(node: Node, key: string): string {
  if (key === '#text') return resolved(node[key] as string);
  const [cdata] = node[key] as Node[];
  return restored(String(cdata?.['#text'] ?? ''));
}

/** References stand for characters. A regular expression would keep all that it finds at once: a text may have millions. */
function resolved(text: string): string {
  if (!text.includes('&')) return restored(text);
  const parts = text.split('&');
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] as string;
    const end = part.indexOf(';');
    parts[i] = character(part.slice(0, end)) + part.slice(end + 1);
  }
  return restored(parts.join(''));
}

/** XML's own five entities, and characters by number (XML 1.0, 4.1 and 4.6). */
function character(reference: string): string {
  if (!reference.startsWith('#')) return entities[reference as keyof typeof entities];
  const isHex = reference.startsWith('#x');
  return String.fromCodePoint(isHex ? Number.parseInt(reference.slice(2), 16) : Number(reference.slice(1)));
}

const entities = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
