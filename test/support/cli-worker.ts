/** Runs the command lines that its parent sends, one after the other, and answers each with what it printed. */
import { runCommand } from '../../cli/run-command.ts';

process.on('message', async (args: string[]) => {
  const printed = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof printed) => ({
    write: (text: string) => {
      printed[name] += text;
      return true;
    },
  });
  const streams = { environment: process.env, stdout: sink('stdout'), stderr: sink('stderr') };
  const code = await runCommand(['node', 'forebay', ...args], streams);
  process.send?.({ code, ...printed });
});
// What a command started must not keep its answer from being the last of it.
process.on('disconnect', () => process.exit());
