/** A file's digests, by one pass: its sha256, and the checksum that S3 keeps of an upload in parts. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

export interface FileDigests {
  bytes: number;
  /** Hex. */
  sha256: string;
  /** Base64, as S3 gives it: of the whole where one part holds it, else of the parts' digests, with `-n`. */
  checksum: string;
}

/** S3 takes 10,000 parts at most; the same file has the same parts at each upload. */
export const partBytesFor = (bytes: number): number => Math.max(16 * 1024 * 1024, Math.ceil(bytes / 9_000));

export async function digestFile(path: string, partBytes: number): Promise<FileDigests> {
  const whole = createHash('sha256');
  const parts: Buffer[] = [];
  let part = createHash('sha256');
  let inPart = 0;
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    let rest = chunk as Buffer;
    whole.update(rest);
    bytes += rest.length;
    while (rest.length > 0) {
      if (inPart === partBytes) {
        parts.push(part.digest());
        part = createHash('sha256');
        inPart = 0;
      }
      const taken = rest.subarray(0, partBytes - inPart);
      part.update(taken);
      inPart += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  parts.push(part.digest());
  const [only] = parts;
  const composite = createHash('sha256').update(Buffer.concat(parts)).digest('base64');
  const checksum = parts.length === 1 && only ? only.toString('base64') : `${composite}-${parts.length}`;
  return { bytes, sha256: whole.digest('hex'), checksum };
}
