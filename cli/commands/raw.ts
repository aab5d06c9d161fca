import type { Command } from 'commander';
import { manifestSchema } from '../../core/manifest.ts';
import { type DataKind, dataKinds } from '../../core/storage.ts';
import { counted } from '../../core/text.ts';
import { repairPartition } from '../../tasks/catalog/catalog.ts';
import { readJobVersion } from '../../tasks/job-version.ts';
import { tellingDeps } from '../../tasks/ports.ts';
import type { Cloud } from '../cloud.ts';
import { examples, type OpenSession } from '../command.ts';
import { type ForgetDeps, type Forgot, forget, freeSlice } from '../forget/forget.ts';
import { type ForgetPlan, planOf, sum } from '../forget/plan.ts';
import type { Output } from '../output.ts';
import { exitCodes, wrongUsage } from '../problem.ts';

interface ForgetOptions {
  slice: string;
  reason: string;
  dryRun?: boolean;
  yes?: boolean;
}

const forgetHelp = `
Erased for good, in all versions: the slice's files in the inbox, its raw objects, what was unpacked from them, its
batches and rejects of every run, and its files in the lake; its partition is removed first. Manifests and the ledger
stay: they have counts, keys and names of files, no record. A source bucket that is not Forebay's is left alone, and so
is what others have copied. You need the rights yourself: no function may delete.`;

export function addRaw(program: Command, open: OpenSession): void {
  const raw = program.command('raw').description('the raw zone');
  raw
    .command('forget')
    .description("erase a slice's data, with all that was made of it, and keep a record that it was done")
    .argument('<job>', 'name of the job; its file may be gone')
    .requiredOption('--slice <slice>', 'the slice')
    .requiredOption('--reason <text>', 'why: it stays in the record')
    .option('--dry-run', 'say what would be erased, and erase nothing')
    .option('--yes', 'do it: without this nothing is erased')
    .addHelpText('after', forgetHelp)
    .addHelpText(
      'after',
      examples(
        'forebay raw forget orders --slice 2026-03-01 --reason "customer 17 asked for it" --dry-run',
        'forebay raw forget orders --slice 2026-03-01 --reason "customer 17 asked for it" --yes',
      ),
    )
    .action(async (job: string, options: ForgetOptions, command: Command) => {
      const session = open(command);
      const { output } = session;
      const reason = checked(options);
      const cloud = await session.cloud();
      const of = { job, slice: options.slice };
      const deps = depsOf(cloud, session.environment.AWS_REGION ?? '', output);
      if ((await deps.getSlice(job, options.slice)) === null) await known(session, job);
      if (!options.yes) {
        const plan = await planOf(deps, await freeSlice(deps, of));
        const earlier = await deps.listForgotten(job, options.slice);
        output.result({ ...planned(plan), earlier }, (out) => {
          for (const { at, by, reason } of earlier) out.line(`forgotten before: ${at}, by ${by}: ${reason}`);
          printPlan(out, plan, 'would be erased');
        });
        if (options.dryRun) return;
        throw wrongUsage('nothing is erased: --yes erases it');
      }
      report(output, await forget(deps, of, { by: await cloud.caller(), reason }));
    });
}

/** A removed job keeps its ledger: only a name that neither knows is a mistake. */
async function known(session: ReturnType<OpenSession>, job: string): Promise<void> {
  const { ledger } = await session.cloud();
  if ((await ledger.listRuns({ job, limit: 1 })).length === 0) await session.job(job);
}

const maxReasonBytes = 1_024;

function checked({ reason, dryRun, yes }: ForgetOptions): string {
  const text = reason.trim();
  if (text === '') throw wrongUsage('--reason is empty: say why, for whoever asks later');
  if (Buffer.byteLength(text) > maxReasonBytes)
    throw wrongUsage(`--reason has ${Buffer.byteLength(text)} bytes: say it in ${maxReasonBytes}`);
  if (dryRun && yes) throw wrongUsage('--dry-run erases nothing, --yes does: give one of them');
  return text;
}

function depsOf({ ledger, catalog, store, outputs }: Cloud, region: string, output: Output): ForgetDeps {
  const buckets: Record<DataKind, string> = {
    ...{ inbox: outputs.InboxBucket, raw: outputs.RawBucket, unpacked: outputs.RawBucket },
    ...{ lake: outputs.LakeBucket, staging: outputs.OpsBucket, rejects: outputs.OpsBucket },
  };
  const read = (key: string) => store.get({ bucket: outputs.OpsBucket, key });
  const apply = {
    ...{ ...ledger, ...catalog, lakeBucket: outputs.LakeBucket },
    readManifest: async ({ key }: { key: string }) =>
      manifestSchema.parse(JSON.parse((await read(key)).toString('utf8'))),
  };
  return {
    ...{ ...ledger, ...catalog, ...store },
    ...tellingDeps(ledger, { BUS_NAME: outputs.BusName }),
    readJob: (run) => readJobVersion(read, run),
    bucketOf: (kind) => buckets[kind],
    repair: (of) => repairPartition(apply, of),
    now: () => new Date(),
    progress: (text) => output.progress(text),
    ...{ database: outputs.Database, region },
  };
}

const planned = ({ job, slice, runs, tables, found, fromInbox }: ForgetPlan) => ({
  ...{ job, slice, runs: runs.map(({ runId }) => runId), tables, fromInbox },
  places: dataKinds.flatMap((kind) => (found[kind] === undefined ? [] : [{ kind, ...found[kind] }])),
  record: null,
  since: null,
});

function report(output: Output, { plan, record, since }: Forgot): void {
  output.result({ ...planned(plan), record, since }, (out) => {
    printPlan(out, plan, 'erased');
    out.line(`recorded at ${record.at}, by ${record.by}: ${record.reason}`);
    if (since !== null)
      out.line(
        `${out.paint('red', 'not all')}: run ${since} took the slice meanwhile, and may have loaded it again: repeat this when it has ended`,
      );
  });
  if (since !== null) process.exitCode = exitCodes.failed;
}

function printPlan(out: Output, plan: ForgetPlan, what: string): void {
  const { places } = planned(plan);
  out.table(
    ['what', 'objects', 'versions', 'bytes'],
    places.map(({ kind, objects, versions, bytes }) => [kind, objects, versions, bytes]),
  );
  const { versions } = sum(places);
  const runs = counted(plan.runs.length, 'runs');
  out.line(`${plan.job} ${plan.slice}: ${counted(versions, 'versions')} of ${runs} ${what}`);
  if (plan.tables.length > 0) out.line(`partition of ${plan.tables.join(', ')}: ${what}`);
  if (!plan.fromInbox) out.note("the source's own bucket is not Forebay's: what lies there stays");
  const late = plan.runs.filter(({ endedAt }) => Date.now() - Date.parse(endedAt ?? '') < functionMs);
  if (late.length > 0)
    out.note(
      `run ${late.at(-1)?.runId} ended within the last quarter of an hour: functions of a run that was stopped may go on for as long; repeat this behind it`,
    );
}

/** No function runs for longer. */
const functionMs = 15 * 60 * 1_000;
