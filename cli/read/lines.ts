import type { Output } from '../output.ts';

export interface Lines {
  /** How many more are printed. */
  left(): number;
  /** Those that are left of the limit; waits where the reader of stdout is slower. */
  print(lines: readonly string[]): Promise<void>;
  /** What is held back is poured out. */
  end(): Promise<void>;
}

/** So many characters go out at once. */
const fullAt = 65_536;

export function limitedLines(output: Pick<Output, 'pour'>, limit: number): Lines {
  let left = limit;
  let held = '';
  const flush = async (): Promise<void> => {
    const text = held;
    held = '';
    if (text !== '') await output.pour(text);
  };
  return {
    left: () => left,
    async print(lines) {
      for (const line of lines.length <= left ? lines : lines.slice(0, left)) {
        held += `${line}\n`;
        left--;
        if (held.length >= fullAt) await flush();
      }
    },
    end: flush,
  };
}
