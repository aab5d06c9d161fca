import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again until `ask` answers with something. */
export async function until<T>(what: string, ask: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + 150_000;
  // Each look takes a part of the core that what is waited for wants, too.
  for (let pause = 100; Date.now() < end; pause = Math.min(1_000, pause * 1.2)) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(pause);
  }
  throw new Error(`${what}: not within two and a half minutes`);
}
