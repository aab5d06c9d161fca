import { runCommand } from './run-command.ts';

const { env: environment, stdout, stderr } = process;
// A reader that has seen enough (`| head`) closes the pipe.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await runCommand(process.argv, { environment, stdout, stderr });
