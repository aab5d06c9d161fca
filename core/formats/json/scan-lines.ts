/** Extract's reading of NDJSON: lines by their ends alone. It shares no code with what reads them. */
import { ForebayError } from '../../errors.ts';
import type { ScanLimits, Scanner } from '../interfaces.ts';
import { behindMark } from '../opening.ts';
import { type Ranges, rangesOf } from '../ranges.ts';
import { CR, isBlank, LF } from './grammar.ts';

/** A line of blanks is no record. */
export function lineScanner(hasHeader: boolean, { shardBytes, maxRecordBytes }: ScanLimits): Scanner {
  const ranges = rangesOf(hasHeader, shardBytes);
  const walker = new LineWalker(maxRecordBytes, ranges.add);
  const file = behindMark((chunk, offset) => walker.push(chunk, offset));
  return {
    push: file.push,
    end() {
      walker.end(file.end());
      return ranges.scan();
    },
  };
}

class LineWalker {
  readonly #maxRecordBytes: number;
  readonly #onLine: Ranges['add'];
  /** `null`: before the first byte. */
  #lineStart: number | null = null;
  #isBlank = true;
  /** Of all that was pushed. */
  #lastByte = -1;

  constructor(maxRecordBytes: number, onLine: Ranges['add']) {
    this.#maxRecordBytes = maxRecordBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer, offset: number): void {
    this.#lineStart ??= offset;
    let from = 0;
    while (from < chunk.length) {
      const found = chunk.indexOf(LF, from);
      const to = found === -1 ? chunk.length : found;
      for (let at = from; this.#isBlank && at < to; at++) this.#isBlank = isBlank(chunk[at]);
      if (to > from) this.#lastByte = chunk[to - 1] as number;
      if (found === -1) this.#checkSize(offset + to);
      else this.#lineEnd(offset + to);
      from = to + 1;
    }
  }

  end(fileBytes: number): void {
    this.#lineEnd(fileBytes);
  }

  #lineEnd(at: number): void {
    if (!this.#isBlank) {
      this.#checkSize(at);
      this.#onLine(this.#lineStart ?? 0, this.#withoutCr(at));
    }
    this.#lineStart = at + 1;
    this.#isBlank = true;
  }

  #withoutCr(at: number): number {
    return this.#lastByte === CR ? at - 1 : at;
  }

  #checkSize(at: number): void {
    const start = this.#lineStart ?? 0;
    if (this.#isBlank || this.#withoutCr(at) - start <= this.#maxRecordBytes) return;
    throw new ForebayError(
      'RecordTooLarge',
      `the line at byte ${start} does not end within ${this.#maxRecordBytes} bytes; put the file right`,
    );
  }
}
