/** What a run takes over from a failed run of its slice, and what not. */
import { sourceNames, type TerminalName } from './errors.ts';
import type { RunRecord, SliceRecord } from './ledger.ts';
import type { SourceObject } from './shard.ts';

/** Why a run that was to resume another is done whole. */
export const wholeReasons = {
  unknown: 'the ledger has no such run of this slice',
  'not-failed': 'that run did not fail',
  'other-version': 'the job was deployed in another version since',
  committed: 'the slice was committed since, and older never replaces newer',
  'in-doubt': 'what that run finished is itself in doubt',
} as const;
export type WholeReason = keyof typeof wholeReasons;

/** Of a table that has become another, or of counts that do not agree: the same parts would fail the same way. */
const inDoubt: readonly TerminalName[] = ['CountMismatch', 'TableIncompatible'];

/** What is mended at the source: only a new listing shows the corrected file. */
const ofTheSource: readonly TerminalName[] = [
  ...sourceNames,
  ...(['ColumnNameInvalid', 'BadRecord', 'RejectThresholdExceeded'] as const),
];

const isOf = (names: readonly string[], name: string): boolean => names.includes(name);
export const leavesDoubt = (errorName: string): boolean => isOf(inDoubt, errorName);
export const isMendedAtSource = (errorName: string): boolean => isOf(ofTheSource, errorName);

/** Whether the slice was committed since. A run that was never opened has no revision that another could pass. */
export const isPassed = ({ fence, revision }: RunRecord, slice: SliceRecord | null): boolean =>
  fence > 0 && (slice?.committed?.revision ?? 0) >= revision;

/** Whether it is the same object, as it was: by version, or by content where the source keeps none. */
const sameObject = (a: SourceObject, b: SourceObject): boolean =>
  a.bucket === b.bucket &&
  a.key === b.key &&
  a.bytes === b.bytes &&
  (a.versionId ?? a.etag) === (b.versionId ?? b.etag);

/** The listing with, for each object that the failed run's has too, whose extraction of it is taken over. */
export function withFinished(
  listed: readonly SourceObject[],
  before: readonly SourceObject[],
): SourceObject[] {
  const finished = new Map(before.map((object) => [object.key, object]));
  return listed.map((object) => {
    const known = finished.get(object.key);
    if (known?.from === undefined || !sameObject(object, known)) return object;
    return { ...object, from: known.from };
  });
}
