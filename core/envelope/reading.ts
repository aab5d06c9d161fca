/** What is read of a shard: the fields that the contract needs, as far as the source has them. */
import type { AnalysedContract } from '../contract/analyse.ts';
import type { Absent } from '../contract/faults.ts';
import { shapesOf } from '../contract/shapes.ts';
import { missingFields } from '../contract/source.ts';
import type { RecordFormat, Wanted } from '../formats/interfaces.ts';
import type { Contract, Job } from '../job/model.ts';

export interface Reading {
  /** With the fields that are missing behind the others. */
  contract: AnalysedContract;
  wanted: Wanted;
  absent: Absent;
}

/** Throws what the header's fields refuse the file for. */
export function readingOf(
  job: Job,
  format: RecordFormat,
  header: Uint8Array | null,
  shard: Uint8Array,
  analysed: AnalysedContract,
): Reading {
  const fields = format.fields(header);
  const missing = fields === null ? [] : missingFields(job, analysed, fields);
  const names = analysed.fields.filter((name) => !missing.includes(name));
  const tellsAbsent = fields === null && asksForAbsent(job.contract);
  return {
    contract: { ...analysed, fields: [...names, ...missing] },
    wanted: {
      ...{ fields, names, shapes: shapesOf(analysed), marks: format.marks(shard) },
      rejectsUnread: rejectsUnread(job.contract, fields),
      tellsAbsent,
    },
    absent: (field) => (field >= names.length ? 'true' : tellsAbsent ? `a${field}` : null),
  };
}

const asksForAbsent = ({ onMissingColumn }: Contract): boolean =>
  onMissingColumn === 'evolve' || onMissingColumn === 'discard-record';

/** Of a file with a header 'fail' has looked at that. */
const rejectsUnread = ({ onNewColumn }: Contract, fields: readonly string[] | null): boolean =>
  onNewColumn === 'discard-record' || (onNewColumn === 'fail' && fields === null);
