/** The formats of job files, a file each: shape, defaults, and rules across its options. */
import { z } from 'zod';
import type { Format } from '../model.ts';
import type { Found } from '../problems.ts';
import { csvRules, csvSpec, toCsv } from './csv.ts';

export const formatSpec = z.discriminatedUnion('kind', [csvSpec], { error: 'csv({ … })' });

/** With every default filled in. */
export const toFormat = (spec: z.output<typeof formatSpec>): Format => toCsv(spec);

export const formatRules = (format: Format): Found[] => csvRules(format);
