import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** This process's own, in which its engine works. */
const folder = join(tmpdir(), `forebay-${randomUUID()}`);

/** A warm function keeps its disk: what one shard leaves would fill it. */
export async function withDirectory<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = join(folder, randomUUID());
  await mkdir(path, { recursive: true });
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
