/** A local cloud with nothing deployed, behind the proxy: what one client's calls meet can be chosen. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureCertificate } from '../../cli/local/certificate.ts';
import { homeAt, homeFrom } from '../../cli/local/home.ts';
import { startServer } from '../../cli/local/server.ts';
import type { TestCloud } from './ministack.ts';
import { type CloudProxy, startProxy } from './proxy.ts';

export interface ProxiedCloud extends Pick<TestCloud, 'stop'> {
  proxy: CloudProxy;
  /** For the constructor of any SDK client; two attempts, so that a test need not wait. */
  client: TestCloud['client'] & { maxAttempts: number };
}

/** Signatures are checked: a caller signs for the proxy's host. */
export async function startProxied(): Promise<ProxiedCloud> {
  const home = mkdtempSync(join(tmpdir(), 'forebay-proxy-'));
  const certificate = await ensureCertificate(homeAt(home).tls, process.env);
  const proxy = await startProxy(certificate);
  const server = await startServer({ home, venv: homeFrom(process.env).venv, auth: true });
  proxy.target(server.port);
  const httpsAgent = new Agent({ ca: readFileSync(certificate.authority), keepAlive: true });
  return {
    proxy,
    client: {
      ...{ endpoint: proxy.endpoint, region: 'eu-west-1', maxAttempts: 2 },
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: { httpsAgent },
    },
    stop: async () => {
      httpsAgent.destroy();
      await server.stop();
      await proxy.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
