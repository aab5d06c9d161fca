/** What a file brings of columns by itself, for a job that takes them: no table is there to be asked. */
import { join } from 'node:path';
import { analyseContract } from '../../core/contract/analyse.ts';
import { decideColumns } from '../../core/contract/decide.ts';
import { withDuckDB } from '../../core/contract/duckdb.ts';
import { evolves, withColumns } from '../../core/contract/slice.ts';
import { mergeSurveys, type Survey } from '../../core/contract/survey.ts';
import { surveyShard } from '../../core/envelope/survey.ts';
import { recordFormat } from '../../core/formats/format.ts';
import { nameKey } from '../../core/formats/names.ts';
import type { Job } from '../../core/job/model.ts';
import { readShard } from '../../tasks/shard-bytes.ts';
import type { ExtractedFile } from './extract.ts';

/** The job with the contract that a slice of this file alone would have. */
export async function withFileColumns(file: ExtractedFile, job: Job, directory: string): Promise<Job> {
  if (!evolves(job.contract)) return job;
  const surveys: Survey[] = [];
  for (const shard of file.shards) {
    const bytes = await readShard({ readRaw: (object, range) => file.read(object, range) }, shard);
    const format = recordFormat(job.format, shard, job.contract.names);
    surveys.push(await surveyShard({ job, format, ...bytes, directory: join(directory, 'survey') }));
  }
  const survey = mergeSurveys(surveys, nameKey(job.contract.names));
  const { analysed } = await withDuckDB((duck) => analyseContract(duck, job.contract));
  return withColumns(job, decideColumns(job, analysed, [], survey));
}
