/** Deps of tasks whose run resumes no other: nothing of theirs is asked for. */
const never = async (): Promise<never> => {
  throw new Error('a run that resumes no other asks for nothing of an earlier one');
};

export const nothingBefore = {
  ...{ readListing: never, readScan: never, readShards: never, keepCopy: never },
  ...{ getShard: never, copy: never, head: never },
};
/** Nothing was decided of the slice's columns yet. */
export const nothingDecided = { readDecision: async () => null };
export const untraced = { traceId: () => null };
