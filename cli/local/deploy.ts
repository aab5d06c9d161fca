/** The app on the local cloud: layer, synth, bootstrap and deploy, each by its real tool. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Output } from '../output.ts';
import { Problem } from '../problem.ts';
import { type Home, root } from './home.ts';
import { runLines } from './process.ts';

const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const toolEnvironment = {
  CDK_DISABLE_VERSION_CHECK: '1',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  NO_COLOR: '1',
  // The CDK's check of the templates is half of a synth's time; the local cloud takes them a moment later, or does not.
  CDK_VALIDATION: 'false',
};

export interface DeployContext {
  home: Home;
  output: Output;
  /** Folder of the job files; `null`: the app's own. */
  jobs: string | null;
}

interface Tool {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
}

/** Runs a tool with all its lines in the deploy log. The lines are given back where it failed. */
async function runTool(home: Home, tool: Tool): Promise<{ ok: boolean; lines: string[] }> {
  const lines: string[] = [];
  const code = await runLines(tool.command, tool.args, {
    cwd: root,
    env: { ...tool.env, ...toolEnvironment },
    onLine: (line) => {
      lines.push(line);
      tool.onLine?.(line);
    },
  });
  const title = `\n$ ${[tool.command, ...tool.args].join(' ')}\n`;
  writeFileSync(home.deployLog, `${title}${lines.join('\n')}\n`, { flag: 'a' });
  return { ok: code === 0, lines };
}

/** Fetches DuckDB for the functions' architecture, where it is not there yet. */
export async function buildLayer({ home, output }: DeployContext, env: NodeJS.ProcessEnv): Promise<void> {
  rmSync(home.deployLog, { force: true });
  output.progress('checking the DuckDB layer');
  const built = await runTool(home, { command: 'npm', args: ['run', '--silent', 'build:layer'], env });
  if (!built.ok) {
    throw new Problem(
      `npm run build:layer failed: ${built.lines.at(-1) ?? ''}\nits output is in ${home.deployLog}`,
    );
  }
}

/** The cloud assembly, and the region that it is for. A wrong job file stops here, before anything is started. */
export async function synth(
  { home, output, jobs }: DeployContext,
  env: NodeJS.ProcessEnv,
): Promise<{ region: string }> {
  output.progress('synthesizing the app');
  rmSync(home.cloudAssembly, { recursive: true, force: true });
  const args = [cdk, 'synth', '--quiet', '--no-notices', '--output', home.cloudAssembly, '-c', 'stage=local'];
  if (jobs !== null) args.push('-c', `jobs=${jobs}`);
  const done = await runTool(home, { command: process.execPath, args, env });
  if (!done.ok) throw new Problem(`the app could not be synthesized:\n${problemLines(done.lines)}`);
  return { region: regionOf(home.cloudAssembly) };
}

/** What a person needs of a failed synth: not Node's stack, and not the CDK's word that the app failed. */
function problemLines(lines: string[]): string {
  const noise = /^\s+at |^Node\.js v|npm warn|Subprocess exited|node:internal|^\s*\^\s*$|^$/;
  return lines
    .filter((line) => !noise.test(line))
    .slice(-40)
    .join('\n');
}

function regionOf(assembly: string): string {
  const manifest = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { environment?: string }>;
  };
  const found = Object.values(manifest.artifacts)
    .map((artifact) => /^aws:\/\/\d{12}\/([a-z0-9-]+)$/.exec(artifact.environment ?? '')?.[1])
    .find((region) => region !== undefined);
  if (found === undefined) throw new Problem('the synthesized app has no stack with an account and a region');
  return found;
}

export async function bootstrap(
  { home, output }: DeployContext,
  env: NodeJS.ProcessEnv,
  target: { account: string; region: string },
): Promise<void> {
  output.progress('cdk bootstrap');
  // Of the assembly that is there: else the CLI synthesizes again, into a folder that all of its runs share.
  const args = [cdk, 'bootstrap', `aws://${target.account}/${target.region}`, '--app', home.cloudAssembly];
  args.push('--no-notices');
  const done = await runTool(home, { command: process.execPath, args, env });
  if (!done.ok)
    throw new Problem(`cdk bootstrap failed: ${failure(done.lines)}; its output is in ${home.deployLog}`);
}

export async function deploy({ home, output }: DeployContext, env: NodeJS.ProcessEnv): Promise<void> {
  if (!existsSync(home.cloudAssembly))
    throw new Problem('there is nothing to deploy: run `forebay local up`');
  output.progress('cdk deploy --all');
  const args = [cdk, 'deploy', '--all', '--app', home.cloudAssembly, '--require-approval', 'never'];
  args.push('--progress', 'events', '--no-notices', '--concurrency', '4');
  const done = await runTool(home, {
    command: process.execPath,
    args,
    env,
    onLine: (line) => showProgress(line, output),
  });
  if (done.ok) return;
  const text = done.lines.join('\n');
  const reset = /ROLLBACK_COMPLETE|ROLLBACK_FAILED/.test(text)
    ? '; the stack was rolled back and cannot be deployed again: `forebay local reset` empties the local cloud and deploys anew'
    : '';
  throw new Problem(`cdk deploy failed: ${failure(done.lines)}${reset}; its output is in ${home.deployLog}`);
}

function showProgress(line: string, output: Output): void {
  const resource = /^\s*(\S+) \|\s*(\d+)\/(\d+) \|/.exec(line);
  if (resource !== null) output.tick(`${resource[1]}: ${resource[2]} of ${resource[3]} resources`);
  const stack = /^\s*✅\s+(\S+)(.*)$/u.exec(line);
  if (stack !== null) output.note(`deployed ${stack[1]}${stack[2]}`);
}

function failure(lines: string[]): string {
  const found = lines.findLast((line) => /❌|CREATE_FAILED|UPDATE_FAILED|error/i.test(line));
  return (found ?? lines.at(-1) ?? 'no output').trim().slice(0, 500);
}
