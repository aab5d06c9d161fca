/**
 * Processes of the CLI that take one command line after the other. To start one takes a second or two of a core, and
 * a test runs dozens; which process runs a command makes no difference to what the command does.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliPool {
  run(...args: string[]): Promise<Answer>;
  stop(): void;
}

const worker = fileURLToPath(new URL('./cli-worker.ts', import.meta.url));

export function cliPool(options: { env: NodeJS.ProcessEnv; cwd: string }): CliPool {
  const all = new Set<ChildProcess>();
  const idle: ChildProcess[] = [];
  const start = (): ChildProcess => {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    const child = fork(worker, { ...options, stdio: [...stdio], execArgv: ['--import', 'tsx'] });
    all.add(child);
    child.once('exit', () => all.delete(child));
    return child;
  };
  return {
    run: async (...args) => {
      const child = idle.pop() ?? start();
      const answer = await new Promise<Answer>((resolve, reject) => {
        const ended = (code: number | null) =>
          reject(new Error(`the CLI ended with ${code} in \`forebay ${args.join(' ')}\``));
        child.once('exit', ended);
        child.once('message', (message) => {
          child.off('exit', ended);
          resolve(message as Answer);
        });
        child.send(args);
      });
      idle.push(child);
      return answer;
    },
    stop: () => {
      for (const child of all) child.disconnect();
    },
  };
}
