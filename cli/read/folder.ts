import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for as long as `use` runs. It goes with the process, too: the CLI ends at once where the reader of its
 * pipe has seen enough, and where it is interrupted.
 */
export async function withFolder<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), 'forebay-read-'));
  const clear = () => rmSync(path, { recursive: true, force: true });
  const interrupted = () => process.exit(130);
  process.once('exit', clear);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await use(path);
  } finally {
    process.off('exit', clear);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await rm(path, { recursive: true, force: true });
  }
}
