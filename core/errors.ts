/**
 * Every error that Forebay raises by name, in one place. Step Functions matches the name, DLQs and events
 * carry it, and `docs/errors.md` explains it.
 *
 * A message starts with the name (`SliceInvalid: …`): where a cloud passes on only the message, whoever
 * handles the error still reads the name from it ({@link readError}). A message says what happened, with which
 * value, and what to do next; it never holds the text of a record or a secret.
 */

import { cutUtf8 } from './text.ts';

/** Whether trying the same thing again can help. The state machine's `Retry` is derived from it. */
export type Persistence = 'terminal' | 'transient';

const source = ['SourceEmpty', 'SourceChanged', 'ObjectTooLarge', 'ObjectNameInvalid'] as const;

const file = [
  'HeaderInvalid',
  'DelimiterUnclear',
  'ColumnMissing',
  'ColumnUnexpected',
  'NamesTooMany',
  'RecordTooLarge',
  'EncodingUnsupported',
  'DocumentInvalid',
  'PathMissing',
  'XmlInvalid',
  'DoctypeForbidden',
  'RecordNested',
  'ContextTooLarge',
  'EncodingInvalid',
  'GzipInvalid',
  'GzipTooLarge',
] as const;

const terminal = [
  // what was asked for
  'ScheduledTimeInvalid',
  'SliceInvalid',
  'BackfillRefused',
  'BackfillIncomplete',
  // the source
  ...source,
  'RawMissing',
  // the file as a whole
  ...file,
  // bytes that are not what they should be
  'ChecksumMismatch',
  'CountMismatch',
  // the contract and its limits
  'BadRecord',
  'RejectThresholdExceeded',
  'TableIncompatible',
  'ColumnNameInvalid',
  // the protocol
  'RunFenced',
  'ExecutionEnded',
  'Cancelled',
  'ShardIncomplete',
  'MessageInvalid',
  'SecretMissing',
  'MemoryExceeded',
  'DiskFull',
  'TextsInseparable',
] as const;

const transient = ['Throttled', 'ServiceUnavailable', 'LedgerConflict'] as const;

export type TerminalName = (typeof terminal)[number];
export type TransientName = (typeof transient)[number];
export type ErrorName = TerminalName | TransientName;

/** What is at fault in what the provider sends, whatever the contract says of it. */
export const sourceNames: readonly TerminalName[] = [...source, ...file];

export const terminalNames: readonly TerminalName[] = terminal;
export const transientNames: readonly TransientName[] = transient;

/** A failure with a stable name. `detail` is the message without its name. */
export class ForebayError extends Error {
  override readonly name: ErrorName;
  readonly persistence: Persistence;

  constructor(name: ErrorName, detail: string, options?: { cause?: unknown }) {
    super(`${name}: ${detail}`, options);
    this.name = name;
    this.persistence = (transient as readonly string[]).includes(name) ? 'transient' : 'terminal';
  }
}

/** A failure that somebody recorded already, under the name that it had: its words are those of the record. */
export class RecordedError extends Error {
  constructor({ name, message }: ErrorRecord, where: string) {
    super(`${name}: ${message} (${where})`);
    this.name = name;
  }
}

/** As Reconcile says where, behind the words of the record: no library's error ends so. */
const recorded = /^([A-Za-z][\w.]*): ([\s\S]* \(\d+ of \d+ [\w ]+ failed, first number \d+\))$/;

/** What the ledger, events and DLQs keep of an error. `cause` is the name of the error below, where there is one. */
export interface ErrorRecord {
  name: string;
  message: string;
  cause?: string;
}

/** The error as kept: name and message apart, cut to `maxBytes` of UTF-8. */
export function describeError(error: unknown, maxBytes = 2_048): ErrorRecord {
  const known = error instanceof Error ? error : new Error(String(error));
  const cause = known.cause instanceof Error ? known.cause.name : undefined;
  const message = safeMessage(known);
  return {
    name: known.name,
    message: cutUtf8(message, maxBytes),
    ...(cause === undefined ? {} : { cause }),
  };
}

/**
 * The error of a state, as Step Functions hands it to a `Catch`: `{ Error, Cause }`, where `Cause` is the JSON
 * that Lambda made of the error, or text. The name is taken from the message where `Error` does not say it.
 */
export function readError(
  caught: { Error: string; Cause?: string | undefined },
  maxBytes = 2_048,
): ErrorRecord {
  const message = causeMessage(caught.Cause ?? '');
  const named = /^([A-Z][A-Za-z0-9]+): ([\s\S]*)$/.exec(message);
  if (named?.[1] !== undefined && isErrorName(named[1])) {
    return { name: named[1], message: cutUtf8(named[2] ?? '', maxBytes) };
  }
  const [, name, words] = recorded.exec(message) ?? [];
  if (name !== undefined && words !== undefined) return { name, message: cutUtf8(words, maxBytes) };
  return {
    name: caught.Error,
    message: cutUtf8(isErrorName(caught.Error) ? message : knownCause(message), maxBytes),
  };
}

/** What says that the source is not what the contract was made for: its owner's matter, not the pipeline's. */
const contractErrors: readonly ErrorName[] = [
  ...(['BadRecord', 'RejectThresholdExceeded'] as const),
  ...(['ColumnMissing', 'ColumnUnexpected', 'ColumnNameInvalid', 'TableIncompatible'] as const),
];

export const isContractError = (name: string): boolean =>
  (contractErrors as readonly string[]).includes(name);

export function isErrorName(name: string): name is ErrorName {
  return (terminal as readonly string[]).includes(name) || (transient as readonly string[]).includes(name);
}

/**
 * The error as a function may end with it: Lambda logs what is thrown, and Step Functions keeps it in the history.
 * Of a library's error goes out what {@link describeError} keeps of it, and the places of its stack.
 */
export function publicError(error: unknown): Error {
  if (error instanceof Error && isSafe(error)) return error;
  const { name, message } = describeError(error);
  const stack = [`${name}: ${message}`, ...placesOf(error)].join('\n    ');
  return Object.assign(new Error(message), { name, stack });
}

/** The lines of a stack without the message above them, which may be a quotation. */
export const placesOf = (error: unknown): string[] =>
  error instanceof Error
    ? (error.stack ?? '')
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
        .map((line) => line.trim())
    : [];

/** A library's error may quote the record it was given: only our own messages and AWS's answers are kept. */
function safeMessage(error: Error): string {
  if (!isSafe(error)) return `${error.name} in ${origin(error)}`;
  return error.message.startsWith(`${error.name}: `)
    ? error.message.slice(error.name.length + 2)
    : error.message;
}

const isSafe = (error: Error): boolean =>
  error instanceof ForebayError || error instanceof RecordedError || '$metadata' in error;

function causeMessage(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed) {
      return String(parsed.errorMessage);
    }
  } catch {
    // not JSON: the text itself is the message
  }
  return cause;
}

/** Lambda's own words about a function that ended (no record text in them) are kept, all others are not. */
function knownCause(message: string): string {
  const lambda = /Task timed out after [\d.]+ seconds|Runtime exited[^\n"]{0,120}|signal: \w+/.exec(message);
  return lambda?.[0] ?? 'the function ended with an error that is not one of ours; see its log';
}

function origin(error: Error): string {
  return /at (?:async )?([\w.<>]+) \(/.exec(error.stack ?? '')?.[1] ?? 'unknown place';
}
