/** One stream for two readers, chunk by chunk: neither gets ahead, so that nothing piles up between them. */

export interface InStep {
  one: AsyncGenerator<Uint8Array, undefined>;
  other: AsyncGenerator<Uint8Array, undefined>;
  /** For each behind its last chunk: waits until the other has come as far, with all that it made of its chunks. */
  meet(): Promise<void>;
  /** One of the two has failed: what the other waits for, now or later, fails with the first such error. */
  fail(error: unknown): void;
}

interface Turn {
  next: Promise<IteratorResult<Uint8Array>>;
  resolve(next: Promise<IteratorResult<Uint8Array>>): void;
  reject(error: unknown): void;
}

export function inStep(source: AsyncIterable<Uint8Array>): InStep {
  const iterator = source[Symbol.asyncIterator]();
  let failure: { error: unknown } | null = null;
  let turn = newTurn();
  let waiting = false;
  /** The next chunk, once both have asked for it. */
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    if (failure !== null) return Promise.reject(failure.error);
    const current = turn;
    waiting = !waiting;
    if (!waiting) {
      turn = newTurn();
      current.resolve(iterator.next());
    }
    return current.next;
  };
  async function* side(): AsyncGenerator<Uint8Array, undefined> {
    for (let found = await next(); !found.done; found = await next()) yield found.value;
  }
  return {
    one: side(),
    other: side(),
    meet: async () => void (await next()),
    fail(error) {
      failure ??= { error };
      turn.reject(failure.error);
    },
  };
}

function newTurn(): Turn {
  let resolve: Turn['resolve'] = () => undefined;
  let reject: Turn['reject'] = () => undefined;
  const next = new Promise<IteratorResult<Uint8Array>>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  // Who waits for it meets its failure; where nobody does it must not count as unhandled.
  next.catch(() => undefined);
  return { next, resolve, reject };
}
