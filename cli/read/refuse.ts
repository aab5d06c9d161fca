import { ForebayError } from '../../core/errors.ts';
import { exitCodes, Problem } from '../problem.ts';

/**
 * Tells a file that is refused as a whole, by errors of these names, by an exit code of its own; and by the byte,
 * which is `at` where the error does not say a better one.
 */
export async function refusing<T>(
  path: string,
  names: readonly string[] | 'all',
  at: number,
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use();
  } catch (error) {
    const refused = error instanceof ForebayError && (names === 'all' || names.includes(error.name));
    if (!refused) throw error;
    const [, byte = at] = /\bbyte (\d+)/.exec(error.message) ?? [];
    throw new Problem(`${path} is refused at byte ${byte}: ${error.message}`, exitCodes.refused);
  }
}
