/**
 * A TLS proxy in front of a local cloud. It passes everything on, and does to chosen calls what networks and busy
 * services do. Callers sign for the proxy's own host, which is passed on as it came.
 */
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from '../../cli/local/certificate.ts';

export interface Call {
  /** `PutObject`, `TransactWriteItems`: from X-Amz-Target, S3's `x-id`, or else the method. */
  action: string;
  method: string;
  /** With the query, as it was sent. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The caller's end of the connection. */
  port: number;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What happens to a call. Verbs that are not there are those of a good day. */
export interface Fault {
  /** Before the cloud sees it: an answer given here is the caller's, `drop` ends its connection. */
  before?: (call: Call) => Promise<Answer | 'drop' | undefined>;
  /** How often the cloud sees it; the last answer counts. */
  times?: number;
  /** When the cloud has done it: `drop` loses the answer, `cut` half of its body. */
  after?: (call: Call, answer: Answer) => Promise<'drop' | 'cut' | Answer | undefined>;
}

export interface Rule {
  /** Calls that met it. */
  calls: Call[];
  end(): void;
}

export interface CloudProxy {
  port: number;
  endpoint: string;
  /** Every call since `forget`, in the order in which it came. */
  calls: Call[];
  /** No calls and no rules any more. */
  forget(): void;
  /** The first rule that wants a call has it. `count`: that many calls, and then no more. */
  on(wanted: (call: Call) => boolean, fault: Fault, count?: number): Rule;
  /** Where calls go. */
  target(port: number): void;
  stop(): Promise<void>;
}

interface Standing extends Rule {
  wanted: (call: Call) => boolean;
  fault: Fault;
  left: number;
}

/** Listens on a free port, with the certificate that the cloud itself shows. */
export async function startProxy(certificate: Pick<Certificate, 'certificate' | 'key'>): Promise<CloudProxy> {
  const rules: Standing[] = [];
  const calls: Call[] = [];
  // The certificate is the cloud's own, and this goes to loopback alone.
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  let to = 0;
  const server = createServer(
    { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) },
    (incoming, outgoing) => {
      pass(incoming, outgoing).catch(() => incoming.socket.destroy());
    },
  );
  server.keepAliveTimeout = 60_000;

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const call = callOf(incoming, await read(incoming));
    calls.push(call);
    const fault = faultFor(call);
    const before = await fault.before?.(call);
    if (before === 'drop') return void incoming.socket.destroy();
    let answer = before ?? (await forward(agent, to, call));
    for (let n = 1; before === undefined && n < (fault.times ?? 1); n++)
      answer = await forward(agent, to, call);
    const after = await fault.after?.(call, answer);
    if (after === 'drop') return void incoming.socket.destroy();
    if (after === 'cut') return cut(outgoing, answer);
    give(outgoing, after ?? answer);
  }

  function faultFor(call: Call): Fault {
    const rule = rules.find(({ wanted, left }) => left > 0 && wanted(call));
    if (rule === undefined) return {};
    rule.left--;
    rule.calls.push(call);
    return rule.fault;
  }

  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `https://localhost:${port}`,
    calls,
    forget: () => {
      calls.length = 0;
      rules.length = 0;
    },
    on(wanted, fault, count = Number.POSITIVE_INFINITY) {
      const rule: Standing = {
        ...{ wanted, fault, left: count, calls: [] },
        end: () => {
          rule.left = 0;
        },
      };
      rules.push(rule);
      return rule;
    },
    target: (of) => {
      to = of;
    },
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

const read = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

function callOf({ method = 'GET', url = '/', headers, socket }: IncomingMessage, body: Buffer): Call {
  const target = String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1);
  const action = target || (new URL(url, 'https://localhost').searchParams.get('x-id') ?? method);
  return { action, method, path: url, headers, body, port: socket.remotePort ?? 0 };
}

/** What belongs to one connection is not passed on: none of it is signed. */
const ofConnection = ['connection', 'keep-alive', 'transfer-encoding', 'expect'];

const passed = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.includes(name)));

function forward(agent: Agent, port: number, { method, path, headers, body }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, method, path, headers: passed(headers) };
    const sent = request(options, (answer) => {
      read(answer).then(
        (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function give(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, passed(headers)).end(body);
}

function cut(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, { ...passed(headers), 'content-length': String(body.length) });
  outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
}

/** An error as S3 spells it. */
export const s3Error = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`),
});

/** An error as DynamoDB, Glue and Step Functions spell it. */
export const jsonError = (status: number, name: string): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: Buffer.from(JSON.stringify({ __type: name, message: name })),
});

export const json = (body: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: Buffer.from(JSON.stringify(body)),
});
