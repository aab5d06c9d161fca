import type { Command } from 'commander';
import { examples, type OpenSession } from '../command.ts';
import { type DeadLetterQueue, type DeadLetters, deadLetters, type QueuedMessage } from '../dead-letters.ts';
import type { Output } from '../output.ts';
import { type Session, unknownName } from '../session.ts';

const approximate =
  'A queue cannot be browsed: how many messages it has, and which were seen, is approximate. Nothing is taken out.';

export function addDlq(program: Command, open: OpenSession): void {
  const dlq = program
    .command('dlq')
    .description('failures, and the messages that wait in the dead-letter queues');
  dlq
    .command('list')
    .description('open failures, and how full the queues are')
    .argument('[job]', 'only those of this job')
    .addHelpText('after', `\n${approximate}`)
    .addHelpText('after', examples('forebay dlq list', 'forebay dlq list orders --json'))
    .action(async (job: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const found = await look(session, job);
      if (job !== undefined && found.failures.length === 0) await session.job(job);
      const { failures, queues } = found;
      session.output.result({ failures, queues }, (out) => printList(out, found));
    });
  dlq
    .command('show')
    .description('one failure with its message')
    .argument('<id>', 'id of the failure, or of a message')
    .addHelpText('after', `\n${approximate}`)
    .addHelpText('after', examples('forebay dlq show orders/019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21'))
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command);
      const { failures, messages } = await look(session, undefined);
      const failure = failures.find((record) => record.id === id) ?? null;
      const found = messages.filter((message) => message.id === id || message.failure === id);
      if (failure === null && found.length === 0) {
        throw unknownName(
          'failure',
          id,
          [...failures, ...messages].map((known) => known.id),
        );
      }
      session.output.result({ failure, messages: found }, (out) => printOne(out, failure, found));
    });
}

async function look(session: Session, job: string | undefined): Promise<DeadLetters> {
  const cloud = await session.cloud();
  const names = job === undefined ? (await session.jobs()).map((known) => known.job.name) : [job];
  const writes = await Promise.all(
    names.map(async (name): Promise<DeadLetterQueue[]> => {
      const url = (await cloud.jobOutputs(name))?.LakeDlqUrl;
      return url === undefined ? [] : [{ name: queueName(url), url, kind: 'write' }];
    }),
  );
  const { JobDlqUrl, DeliveryDlqUrl } = cloud.outputs;
  const queues: DeadLetterQueue[] = [
    { name: queueName(JobDlqUrl), url: JobDlqUrl, kind: 'job' },
    ...writes.flat(),
    { name: queueName(DeliveryDlqUrl), url: DeliveryDlqUrl, kind: 'delivery' },
  ];
  const deps = { listFailures: cloud.ledger.listFailures, peek: cloud.peek };
  return deadLetters(deps, queues, job === undefined ? {} : { job });
}

const queueName = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

function printList(out: Output, { failures, queues, messages }: DeadLetters): void {
  out.table(
    ['failure', 'kind', 'slice', 'error', 'attempts', 'last failed', 'in queue'],
    failures.map((failure) => [
      ...[
        failure.id,
        failure.kind,
        failure.slice,
        failure.error.name,
        failure.attempts,
        failure.lastFailedAt,
      ],
      failure.seen ? 'yes' : 'not seen',
    ]),
  );
  out.line();
  out.table(
    ['queue', 'holds', 'messages (approximate)'],
    queues.map((queue) => [queue.name, held[queue.kind], queue.approximateMessages]),
  );
  const deliveries = messages.filter(({ failure }) => failure === null);
  if (deliveries.length === 0) return;
  out.line();
  out.table(
    ['message', 'queue', 'sent', 'reason'],
    deliveries.map((message) => [message.id, message.queue, message.sentAt, reasonOf(message)]),
  );
}

const held = { job: 'failed runs', write: 'writes given up', delivery: 'events and schedules not delivered' };

const reasonOf = ({ attributes }: QueuedMessage): string =>
  [attributes.ERROR_CODE, attributes.ERROR_MESSAGE].filter(Boolean).join(': ') || 'none given';

function printOne(
  out: Output,
  failure: DeadLetters['failures'][number] | null,
  messages: QueuedMessage[],
): void {
  if (failure !== null) {
    out.line(`${out.paint('bold', failure.id)}  ${failure.kind}  ${failure.job} ${failure.slice}`);
    out.line(`${out.paint('red', failure.error.name)}: ${failure.error.message}`);
    out.line(`attempts ${failure.attempts}, first ${failure.firstFailedAt}, last ${failure.lastFailedAt}`);
    if (failure.pointer !== null) out.line(`look on in ${failure.pointer}`);
    out.line(`next: forebay runs show ${failure.runId}`);
  }
  if (messages.length === 0) out.line('its message was not seen in a queue');
  for (const message of messages) {
    out.line(
      `message ${message.id} in ${message.queue}, sent ${message.sentAt}, received ${message.receives} times`,
    );
    if (message.failure === null) out.line(`reason: ${reasonOf(message)}`);
    out.line(message.body);
  }
}
