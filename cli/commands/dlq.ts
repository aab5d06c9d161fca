import type { Command } from 'commander';
import type { FailureRecord } from '../../core/failure.ts';
import { examples, type OpenSession } from '../command.ts';
import {
  type DeadLetters,
  type FailureGroup,
  groupsOf,
  type QueuedMessage,
  type SeenFailure,
} from '../failures/dead-letters.ts';
import { mustBeKnown } from '../failures/queues.ts';
import { addFilters, byId, type FilterOptions, filterOf, lookAt } from '../failures/select.ts';
import type { Output } from '../output.ts';
import { addDiscard } from './dlq-discard.ts';
import { addRedrive } from './dlq-redrive.ts';

const approximate =
  'SQS has no list of its messages: counts, and whether a message was seen, are approximate. Nothing is taken out.';

interface ListOptions extends FilterOptions {
  group?: boolean;
  all?: boolean;
}

export function addDlq(program: Command, open: OpenSession): void {
  const dlq = program
    .command('dlq')
    .description('failures, and the messages that wait in the dead-letter queues');
  addFilters(
    dlq
      .command('list')
      .description('open failures, and how full the queues are')
      .argument('[job]', 'only those of this job'),
  )
    .option('--group', 'one line for each error, with how many there are and since when')
    .option('--all', 'the closed ones, too')
    .addHelpText('after', `\n${approximate}`)
    .addHelpText(
      'after',
      examples('forebay dlq list', 'forebay dlq list orders --group --older-than 2h --json'),
    )
    .action(async (job: string | undefined, options: ListOptions, command: Command) => {
      const session = open(command);
      const filter = filterOf({ ...options, ...(job === undefined ? {} : { job }) }, new Date());
      const found = await lookAt(session, { ...filter, ...(options.all ? { all: true } : {}) });
      if (job !== undefined && found.failures.length === 0) await mustBeKnown(session, job);
      const { failures, queues } = found;
      const groups = options.group ? groupsOf(failures) : undefined;
      session.output.result(groups === undefined ? { failures, queues } : { groups, queues }, (out) => {
        if (groups === undefined) printFailures(out, failures);
        else printGroups(out, groups);
        printQueues(out, found);
      });
    });
  dlq
    .command('show')
    .description('one failure with its message')
    .argument('<id>', 'id of the failure')
    .addHelpText('after', `\n${approximate}`)
    .addHelpText('after', examples('forebay dlq show orders/019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21'))
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command);
      const { failures, messages } = await lookAt(session, {});
      const own = messages.filter((message) => message.id === id || message.failure === id);
      const failure = await byId(session, failures, own[0]?.failure ?? id);
      const next = nextOf(failure);
      session.output.result({ failure, messages: own, next }, (out) => printOne(out, failure, own, next));
    });
  addRedrive(dlq, open);
  addDiscard(dlq, open);
}

const nextOf = ({ id, closed }: FailureRecord): string | null =>
  closed === undefined ? `forebay dlq redrive ${id}` : null;

function printFailures(out: Output, failures: SeenFailure[]): void {
  out.table(
    ['failure', 'kind', 'slice', 'error', 'attempts', 'last failed', 'in queue'],
    failures.map(({ id, kind, slice, error, attempts, lastFailedAt, closed, seen }) => [
      ...[id, kind, slice, error.name, attempts, lastFailedAt],
      closed === undefined ? (seen ? 'yes' : 'not seen') : closed.how,
    ]),
  );
}

function printGroups(out: Output, groups: FailureGroup[]): void {
  out.table(
    ['error', 'kind', 'failures', 'jobs', 'oldest'],
    groups.map(({ error, kind, count, jobs, oldest }) => [error, kind, count, jobs.join(', '), oldest]),
  );
}

function printQueues(out: Output, { queues }: DeadLetters): void {
  out.line();
  out.table(
    ['queue', 'holds', 'messages (approximate)'],
    queues.map((queue) => [queue.name, held[queue.kind], queue.approximateMessages]),
  );
}

const held = { job: 'failed runs', write: 'writes given up', delivery: 'what was not delivered' };

function printOne(out: Output, failure: FailureRecord, messages: QueuedMessage[], next: string | null): void {
  const { id, kind, job, slice, error, runId, shard, sink, closed, redrive } = failure;
  out.line(`${out.paint('bold', id)}  ${kind}  ${job} ${slice}`);
  out.line(`${out.paint('red', error.name)}: ${error.message}${error.cause ? ` (${error.cause})` : ''}`);
  out.line(`attempts ${failure.attempts}, first ${failure.firstFailedAt}, last ${failure.lastFailedAt}`);
  if (shard !== undefined) out.line(`shard ${shard} for sink ${sink}`);
  if (failure.pointer !== null) out.line(`look on in ${failure.pointer}`);
  if (failure.trace !== null) out.line(`trace ${failure.trace}`);
  if (failure.follows !== undefined) out.line(`follows ${failure.follows}`);
  if (redrive !== undefined)
    out.line(`redriven by run ${redrive.runId}, since ${redrive.at} by ${redrive.by}`);
  if (closed !== undefined) out.line(`closed ${closed.at} by ${closed.by}, ${closed.how}: ${closed.reason}`);
  if (runId !== '') out.line(`its run: forebay runs show ${runId}`);
  if (messages.length === 0) out.line('its message was not seen in a queue');
  for (const message of messages) {
    const { id: messageId, queue, sentAt, receives } = message;
    out.line(`message ${messageId} in ${queue}, sent ${sentAt}, received ${receives} times`);
    out.line(message.body);
  }
  if (next !== null) out.line(`next: ${next}`);
}
