import { waitMs } from "./backoff.ts";
import { StateClientError } from "./errors.ts";

/** How many resyncs in a minute the client makes before it gives up. */
const MAX_RESYNCS = 5;
const RESYNC_WINDOW_MS = 60_000;

/** How many answers that are no stream a client that was never live accepts: a wrong URL does not become right. */
const MAX_NOT_STREAMS = 5;

/** How long a connection must have been live before its loss counts as the first: longer than the longest wait. */
const LASTING_MS = 30_000;

/** Milliseconds between two attempts, however often the page wakes. */
const WAKE_FLOOR_MS = 1000;

/** Remembers how connecting went, and decides from that what to do next. */
export class Recovery {
  /** The server's `retry:`, in milliseconds. */
  retryMs: number | undefined;
  #failures = 0;
  /** When the connection brought the copy up to date, milliseconds since 1970. */
  #liveAt: number | undefined;
  #wasLive = false;
  #notStreams = 0;
  /** The last answer was 401, and the headers are requested once more. */
  #unauthorized = false;
  /** When the client resynced. */
  #resyncs: readonly number[] = [];
  #attemptedAt = 0;
  #lostAt = 0;
  #retryAfterMs = 0;

  attempted(): void {
    this.#attemptedAt = Date.now();
  }

  worked(): void {
    this.#liveAt = Date.now();
    this.#wasLive = true;
    this.#unauthorized = false;
  }

  /**
   * What to do when a connection is lost: try again after so many milliseconds, or end for good with an error. No error: the
   * server ended the connection in order.
   */
  remedy(error: StateClientError | undefined): number | StateClientError {
    const now = Date.now();
    // A server that sends a snapshot and then fails, again and again, must be contacted less and less often, too.
    if (this.#liveAt !== undefined && now - this.#liveAt >= LASTING_MS) this.#failures = 0;
    // So must one that ends each connection before there is a state, because it is overloaded for example.
    if (error !== undefined || this.#liveAt === undefined) this.#failures++;
    this.#liveAt = undefined;
    this.#lostAt = now;
    this.#retryAfterMs = error?.retryAfterMs ?? 0;
    if (error !== undefined) {
      if (error.code === "refused" || error.code === "ended") return error;
      if (error.code === "not-a-stream" && !this.#wasLive && ++this.#notStreams >= MAX_NOT_STREAMS) return error;
      if (error.httpStatus === 401) {
        if (this.#unauthorized)
          return new StateClientError("refused", error.message, { httpStatus: 401, cause: error });
        this.#unauthorized = true;
        return 0;
      }
      if (isMismatch(error)) {
        this.#resyncs = [...this.#resyncs.filter((at) => at >= now - RESYNC_WINDOW_MS), now];
        if (this.#resyncs.length > MAX_RESYNCS)
          return new StateClientError("diverged", error.message, { cause: error });
        if (error.code === "resync" && this.#failures === 1) return 0;
      }
    }
    return waitMs(this.#failures, this.retryMs, this.#retryAfterMs);
  }

  /** How long a page that wakes while there is no connection must wait, in milliseconds. */
  wakeMs(): number {
    return Math.max(leftOf(this.#retryAfterMs, this.#lostAt), leftOf(WAKE_FLOOR_MS, this.#attemptedAt));
  }
}

/** What is left of a time; never more than all of it, should the clock be set back. */
function leftOf(ms: number, since: number): number {
  return Math.min(ms, Math.max(0, since + ms - Date.now()));
}

/** Whether the copy, or data that was received for it, cannot be continued. */
export function isMismatch(error: StateClientError | undefined): boolean {
  return error?.code === "resync" || error?.code === "protocol";
}
