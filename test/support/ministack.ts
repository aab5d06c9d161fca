/** A local cloud of a test's own: on a free port, with a state directory that goes with it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homeFrom } from '../../cli/local/home.ts';
import { startServer } from '../../cli/local/server.ts';

export interface TestCloud {
  /** For the constructor of any SDK client: a process trusts no certificate that it did not start with. */
  client: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    requestHandler: { httpsAgent: Agent };
  };
  /** For a program of its own. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

export async function startCloud(options: { auth: boolean }): Promise<TestCloud> {
  const home = mkdtempSync(join(tmpdir(), 'forebay-test-'));
  const server = await startServer({ home, venv: homeFrom(process.env).venv, auth: options.auth });
  const agent = new Agent({ ca: readFileSync(server.env.NODE_EXTRA_CA_CERTS ?? ''), keepAlive: true });
  return {
    client: {
      endpoint: server.endpoint,
      region: server.env.AWS_REGION ?? '',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: { httpsAgent: agent },
    },
    env: server.env,
    stop: async () => {
      agent.destroy();
      await server.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
