import type { Log } from "./log.ts";
import { monotonicMs } from "./monotonic.ts";

const EVERY_MS = 100;
const LATE_MS = 400;

/** Writes down how late this process is, so that nothing is expected of it at such times. Gives how to end that. */
export function watchLag(log: Log): () => void {
  let due = monotonicMs() + EVERY_MS;
  const timer = setInterval(() => {
    const late = monotonicMs() - due;
    if (late > LATE_MS) log.write({ kind: "lag", ms: late });
    due = monotonicMs() + EVERY_MS;
  }, EVERY_MS);
  return () => clearInterval(timer);
}
