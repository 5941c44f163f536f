/** Assumed until the server has sent `retry:`. */
const DEFAULT_RETRY_MS = 2000;

/** The smallest first step of the backoff: a server that sends `retry: 0` must not be requested in a loop when it is gone. */
const MIN_STEP_MS = 1000;

/** The longest wait between two attempts, in milliseconds, on top of the time that the server requires. */
const MAX_JITTER_MS = 30_000;

/** The longest delay that timers accept; a longer one would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/**
 * How long to wait before the next attempt, in milliseconds. Never less than the server requires, and after failures
 * exponentially longer, with full jitter, so that clients that failed together do not come back together.
 *
 * @param failures how many attempts have failed since it last worked; 0 when the server ended the connection in order
 * @param retryMs the server's `retry:` of the last connection; already different for each client
 * @param retryAfterMs the `Retry-After` of the last answer
 */
export function waitMs(failures: number, retryMs: number = DEFAULT_RETRY_MS, retryAfterMs: number = 0): number {
  const least = Math.max(retryMs, retryAfterMs);
  const step = Math.max(retryMs, MIN_STEP_MS);
  const ceiling = failures && Math.min(MAX_JITTER_MS, step * 2 ** (failures - 1));
  return Math.min(least + Math.random() * ceiling, MAX_TIMER_MS);
}
