/** Why a file of XML is refused as a whole. Saxes' own messages may quote the file, ours never do. */
import { ForebayError } from '../../errors.ts';

/** By what saxes says, the first that fits. */
const words: Array<[RegExp, string]> = [
  [/must contain a root/, 'it has no root element'],
  [/only one root/, 'a second root element begins'],
  [/outside of root/, 'text stands outside of the root element'],
  [/unclosed tag|unexpected end/, 'it ends before its root element does'],
  [/close tag|closing tag:/, 'a closing tag is not that of the element that is open'],
  [
    /namespace prefix|undefine prefix|as prefix|to another prefix|the URI|bound to|default namespace/,
    'a namespace prefix is not declared, or not as it may be',
  ],
  [/undefined entity/, "an entity is neither one of XML's own five nor a number"],
  [/entity/, 'a reference is malformed'],
  [/duplicate attribute/, 'an element has the same attribute twice'],
  [/attribute|forward-slash/, 'the attributes of a tag are malformed'],
  [
    /XML declaration|version number|encoding value|standalone|value must be quoted|name\/value|expected/,
    'the XML declaration is malformed or not at the start',
  ],
  [/processing instruction/, 'a processing instruction is malformed'],
  [/comment/, 'a comment is malformed'],
  [/CDATA|char data/, 'the end of a CDATA section stands in text'],
  [/name|tag/, 'a tag is malformed'],
  [/character/, 'a character stands where XML does not allow it'],
];

/** `at`: bytes from the file's start. */
export function notWellFormed(saxes: string, at: number): ForebayError {
  if (/doctype/i.test(saxes)) return doctype(at);
  const found = words.find(([pattern]) => pattern.test(saxes));
  return invalid(found?.[1] ?? 'its markup is malformed', at);
}

export const invalid = (what: string, at: number): ForebayError =>
  new ForebayError(
    'XmlInvalid',
    `${what}, found at byte ${at}; nothing of the file is used: have it delivered anew`,
  );

export const doctype = (at: number): ForebayError =>
  new ForebayError(
    'DoctypeForbidden',
    `the file has a document type declaration, found at byte ${at}; have it delivered without one`,
  );

export const nested = (at: number): ForebayError =>
  new ForebayError(
    'RecordNested',
    `the record at byte ${at} stands in another one; give a path in the job's format.record that tells the two apart`,
  );

export const contextTooLarge = (at: number, limit: number): ForebayError =>
  new ForebayError(
    'ContextTooLarge',
    `what the job may read above the record at byte ${at} has more than ${limit} bytes; read less by ../ paths, or have the file split`,
  );

export const tooLarge = (what: string, at: number, limit: string): ForebayError =>
  new ForebayError(
    'RecordTooLarge',
    `${what} at byte ${at} does not end within ${limit}; put the file right, or the job's format.record`,
  );
