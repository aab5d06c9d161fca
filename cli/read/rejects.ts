import { open, stat } from 'node:fs/promises';
import { wrongUsage } from '../problem.ts';

export interface RejectsFile {
  put(lines: Uint8Array): Promise<unknown>;
  close(): Promise<void>;
}

/** Begins anew, so that it never holds another file's rejects. */
export async function openRejects(path: string | undefined, input: string): Promise<RejectsFile> {
  if (path === undefined) return { put: async () => undefined, close: async () => undefined };
  const [mine, theirs] = await Promise.all([input, path].map((name) => stat(name).catch(() => null)));
  if (mine && theirs && mine.ino === theirs.ino && mine.dev === theirs.dev) {
    throw wrongUsage(`--rejects ${path} is the file that is read: name another`);
  }
  const handle = await open(path, 'w').catch((error: NodeJS.ErrnoException) => {
    throw wrongUsage(`--rejects ${path} cannot be written (${error.code})`);
  });
  return { put: (lines) => handle.writeFile(lines), close: () => handle.close() };
}
