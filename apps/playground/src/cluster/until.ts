import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** @throws {Error} when it does not become true in time. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`Not within ${withinMs / 1000} s: ${what}.`);
    await delay(POLL_MS);
  }
}
