/** How the rows of a query can be printed. */
export const formats = ['table', 'ndjson', 'csv'] as const;
export type Format = (typeof formats)[number];
