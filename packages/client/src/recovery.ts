import { waitMs } from "./backoff.ts";
import { StateClientError } from "./errors.ts";

/** How many times in a minute the state is asked for anew before the client gives up. */
const MAX_RESYNCS = 5;
const RESYNC_WINDOW_MS = 60_000;

/** Remembers how connecting went, and knows from that what to do next. */
export class Recovery {
  /** What the server told: milliseconds until it wants to be asked again. */
  retryMs: number | undefined;
  #failures = 0;
  /** The connection has brought the copy up to date. */
  #worked = false;
  /** Was told 401, and has asked for headers again. */
  #unauthorized = false;
  /** When the state was asked for anew. */
  #resyncs: readonly number[] = [];

  worked(): void {
    this.#worked = true;
    this.#failures = 0;
    this.#unauthorized = false;
  }

  /**
   * What to do when a connection is lost: try again after so many milliseconds, or end for good with an error. No error: the
   * server ended the connection in order.
   */
  remedy(error: StateClientError | undefined): number | StateClientError {
    // An end before any state, from a server that is overloaded for example, must not be answered without pause either.
    this.#failures = error === undefined && this.#worked ? 0 : this.#failures + 1;
    this.#worked = false;
    if (error !== undefined) {
      if (error.code === "refused" || error.code === "ended") return error;
      if (error.httpStatus === 401) {
        if (this.#unauthorized)
          return new StateClientError("refused", error.message, { httpStatus: 401, cause: error });
        this.#unauthorized = true;
        return 0;
      }
      if (isMismatch(error)) {
        const now = Date.now();
        this.#resyncs = [...this.#resyncs.filter((at) => at >= now - RESYNC_WINDOW_MS), now];
        if (this.#resyncs.length > MAX_RESYNCS)
          return new StateClientError("diverged", error.message, { cause: error });
        if (error.code === "resync" && this.#failures === 1) return 0;
      }
    }
    return waitMs(this.#failures, this.retryMs, error?.retryAfterMs);
  }
}

/** Whether the copy, or what was received for it, cannot be gone on from. */
export function isMismatch(error: StateClientError | undefined): boolean {
  return error?.code === "resync" || error?.code === "protocol";
}
