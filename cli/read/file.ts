/** A file on disk: passed over once, then read by ranges. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { ByteRange } from '../../core/shard.ts';
import { Problem, wrongUsage } from '../problem.ts';

export interface LocalFile {
  /** As the caller gave it. */
  path: string;
  bytes: number;
  /** All of it in one pass. */
  chunks(): AsyncGenerator<Buffer>;
  read(range: ByteRange): Promise<Buffer>;
  /** A `Problem` where the file is not the one that was opened any more. */
  unchanged(): Promise<void>;
}

const chunkBytes = 1_024 * 1_024;

export async function withFile<T>(path: string, use: (file: LocalFile) => Promise<T>): Promise<T> {
  const handle = await openFile(path);
  try {
    return await use(await localFile(path, handle));
  } finally {
    await handle.close();
  }
}

/** It is looked at before it is opened: opening a pipe would wait for who writes into it. */
async function openFile(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw wrongUsage(`${path} is a folder: name one file`);
    if (!found.isFile()) {
      throw wrongUsage(`${path} is no file on disk, and it is read twice: save what comes from it first`);
    }
    return await open(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw wrongUsage(`there is no file ${path}`);
    if (code === 'EACCES' || code === 'EPERM') throw wrongUsage(`${path} may not be read (${code})`);
    throw error;
  }
}

async function localFile(path: string, handle: FileHandle): Promise<LocalFile> {
  const opened = await handle.stat();
  const unchanged = async (): Promise<void> => {
    const now = await handle.stat();
    if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs) throw changed(path);
  };
  const whole = async (range: ByteRange): Promise<Buffer> => {
    const bytes = await part(handle, range);
    if (bytes.length < range.length) throw changed(path);
    return bytes;
  };
  return {
    path,
    bytes: opened.size,
    unchanged,
    async *chunks() {
      for (let offset = 0; offset < opened.size; offset += chunkBytes) {
        yield await whole({ offset, length: Math.min(chunkBytes, opened.size - offset) });
      }
      await unchanged();
    },
    read: whole,
  };
}

/** Fewer bytes than the range has where the file ends before. */
async function part(handle: FileHandle, { offset, length }: ByteRange): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

const changed = (path: string): Problem =>
  new Problem(`${path} changed while it was read, and nothing printed of it counts: read it again`);
