/** Survey and Columns without a cloud: what is decided of the columns of a slice with these files. */
import { join } from 'node:path';
import type { TableColumn } from '../../core/catalog.ts';
import { analyseContract } from '../../core/contract/analyse.ts';
import { decideColumns } from '../../core/contract/decide.ts';
import { withDuckDB } from '../../core/contract/duckdb.ts';
import type { SliceColumns } from '../../core/contract/slice.ts';
import { mergeSurveys, type Survey } from '../../core/contract/survey.ts';
import { surveyShard } from '../../core/envelope/survey.ts';
import { recordFormat } from '../../core/formats/format.ts';
import { nameKey } from '../../core/formats/names.ts';
import type { Job } from '../../core/job/model.ts';

export interface Slice {
  files: readonly Uint8Array[];
  shardBytes?: number;
  table?: readonly TableColumn[];
  directory: string;
}

export async function surveyFiles(job: Job, { files, shardBytes, directory }: Slice): Promise<Survey[]> {
  const surveys: Survey[] = [];
  for (const input of files) {
    const limits = { shardBytes: shardBytes ?? 1_000_000, maxRecordBytes: 16 * 1_024 * 1_024 };
    const scanner = recordFormat(job.format, {}, job.contract.names).scanner(limits);
    scanner.push(input);
    const scan = scanner.end();
    const part = ({ offset, length }: { offset: number; length: number }) =>
      input.subarray(offset, offset + length);
    for (const range of scan.ranges) {
      const format = recordFormat(job.format, { ...scan, ...range }, job.contract.names);
      const header = scan.header === null ? null : part(scan.header);
      const shard = { job, format, header, bytes: part(range) };
      surveys.push(await surveyShard({ ...shard, directory: join(directory, String(surveys.length)) }));
    }
  }
  return surveys;
}

export async function columnsOf(job: Job, slice: Slice): Promise<SliceColumns> {
  const survey = mergeSurveys(await surveyFiles(job, slice), nameKey(job.contract.names));
  const { analysed } = await withDuckDB((duck) => analyseContract(duck, job.contract));
  return decideColumns(job, analysed, slice.table ?? [], survey);
}
