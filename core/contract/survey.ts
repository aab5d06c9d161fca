/**
 * What the texts of a slice's fields are, told by shards and put together. Nothing here depends on how the slice is
 * cut into shards: what holds of all texts holds of the parts, and the other way round.
 */

/** Types of integers, each with room for the values of those before it. */
export const wholeTypes = ['tinyint', 'smallint', 'int', 'bigint'] as const;
export type WholeType = (typeof wholeTypes)[number];

/** A form that a text may have; `docs/types.md#new-columns` has their grammars. */
export const forms = ['bigint', 'double', 'boolean', 'date', 'timestamp'] as const;
export type Form = (typeof forms)[number];

/** Of one field of the source. Never a text. */
export interface FieldSurvey {
  field: string;
  /** Whether it has a text that is not null. */
  any: boolean;
  /** Forms that each of its texts has. */
  forms: Form[];
  /** The narrowest type with room for each value that a bigint takes; `null`: there is no such value. */
  whole: WholeType | null;
  /** Whether a double takes a value that a float does not. */
  beyondFloat: boolean;
}

/** Of one shard, in `staging/<job>/<run>/surveys/<n>.json`. */
export interface Survey {
  /** Fields that nothing in the contract reads, in the order in which they first come. */
  unread: FieldSurvey[];
  /** Fields of columns whose type may become wider. */
  read: FieldSurvey[];
}

/** Of a field without a text. */
export const noTexts = (field: string): FieldSurvey => ({
  ...{ field, any: false, forms: [...forms], whole: null, beyondFloat: false },
});

/** Of a slice, from those of its shards in their order. `sameName`: what two names of one field have in common. */
export function mergeSurveys(
  surveys: readonly Survey[],
  sameName: (field: string) => string = (field) => field,
): Survey {
  return {
    unread: mergeLists(
      surveys.map(({ unread }) => unread),
      sameName,
    ),
    read: mergeLists(
      surveys.map(({ read }) => read),
      sameName,
    ),
  };
}

function mergeLists(
  lists: ReadonlyArray<readonly FieldSurvey[]>,
  sameName: (field: string) => string,
): FieldSurvey[] {
  const merged = new Map<string, FieldSurvey>();
  for (const list of lists) {
    for (const survey of list) {
      const name = sameName(survey.field);
      merged.set(name, mergeFields(merged.get(name) ?? noTexts(survey.field), survey));
    }
  }
  return [...merged.values()];
}

/** What holds of the texts of both. */
const mergeFields = (a: FieldSurvey, b: FieldSurvey): FieldSurvey => ({
  field: a.field,
  any: a.any || b.any,
  forms: a.forms.filter((form) => b.forms.includes(form)),
  whole: wider(a.whole, b.whole),
  beyondFloat: a.beyondFloat || b.beyondFloat,
});

const wider = (a: WholeType | null, b: WholeType | null): WholeType | null =>
  wholeTypes.findLast((type) => type === a || type === b) ?? null;
