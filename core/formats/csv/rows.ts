/** Lines before a file's records: what a report has above its table. They are passed over without being kept. */
const LF = 10;
const CR = 13;

/**
 * Passes over as many lines, ended by LF, CR or CRLF, and gives what is behind them; `null` until that has come. Fed
 * with chunks of any size.
 */
export function rowSkipper(rows: number): (chunk: Buffer) => Buffer | null {
  let left = rows;
  let behindCr = false;
  return (chunk) => {
    let at = 0;
    while (left > 0 && at < chunk.length) {
      // the LF of a CRLF ends no line of its own
      if (behindCr && chunk[at] === LF) at++;
      behindCr = false;
      while (at < chunk.length && chunk[at] !== LF && chunk[at] !== CR) at++;
      if (at === chunk.length) return null;
      behindCr = chunk[at] === CR;
      at++;
      left--;
    }
    // an LF behind the last CR is an empty line to whoever reads on, and no record
    return left > 0 ? null : chunk.subarray(at);
  };
}
