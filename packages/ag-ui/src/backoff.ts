/** Assumed until the server has sent `retry:`. */
const DEFAULT_RETRY_MS = 2000;

/** The smallest first step, so that a server that sends `retry: 0` is not requested in a loop when it is gone. */
const MIN_STEP_MS = 1000;

/** The longest wait on top of what the server requires. */
const MAX_JITTER_MS = 30_000;

/** How long a connection must have lasted before its loss counts as the first: longer than the longest wait. */
const LASTING_MS = 30_000;

/** Decides how long to wait before the next attempt: exponentially longer after failures, with full jitter. */
export class Backoff {
  /** What the server sent as `retry:`, in milliseconds. */
  retryMs: number = DEFAULT_RETRY_MS;
  #failures = 0;
  #liveAt: number | undefined;

  /** The connection has brought the client up to date. */
  worked(): void {
    this.#liveAt ??= Date.now();
  }

  /** Milliseconds to wait. `inOrder`: the server ended the connection and expects the client back. */
  waitMs(inOrder: boolean, retryAfterMs: number): number {
    if (this.#liveAt !== undefined && Date.now() - this.#liveAt >= LASTING_MS) this.#failures = 0;
    // A server that ends each connection before it has shown anything must be requested less and less too.
    if (!inOrder || this.#liveAt === undefined) this.#failures++;
    this.#liveAt = undefined;
    const step = Math.max(this.retryMs, MIN_STEP_MS) * 2 ** (this.#failures - 1);
    const jitter = this.#failures === 0 ? 0 : Math.random() * Math.min(MAX_JITTER_MS, step);
    return Math.max(this.retryMs, retryAfterMs) + jitter;
  }
}
