/** Where time, turns and randomness come from, so that tests can own them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds of a monotonic clock, to measure durations. */
  elapsed(): number;
  /** Runs `fn` once after `ms`; returns how to cancel it. Keeps the process alive only on request. */
  after(ms: number, fn: () => void, keepAlive?: boolean): () => void;
  /** Runs `fn` once in a later turn of the event loop, as soon as possible. */
  defer(fn: () => void): void;
  /** Uniform in [0, 1). */
  random(): number;
  /** A new epoch: 11 random base64url characters. */
  epoch(): string;
}

/** The longest delay timers accept; a longer one would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** The digits of base64url (RFC 4648, section 5), of which epochs and selections are made. */
export const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Read at each use: a runtime may install them late, and tests fake them.
const host = globalThis as { setImmediate?: (fn: () => void) => unknown };

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, fn, keepAlive = false) {
    const timer: unknown = setTimeout(fn, Math.min(ms, MAX_TIMER_MS));
    // Where a timer keeps the process alive, it is an object that has unref.
    if (!keepAlive) (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>);
  },
  defer(fn) {
    try {
      if (host.setImmediate) {
        host.setImmediate(fn);
        return;
      }
    } catch {
      // The edge runtime of Next.js has this function, but it throws.
    }
    setTimeout(fn, 0);
  },
  random: () => Math.random(),
  epoch: () => Array.from(crypto.getRandomValues(new Uint8Array(11)), (byte) => BASE64URL[byte & 63]).join(""),
};
