import { waitMs } from "./backoff.ts";
import { FINAL, StateClientError } from "./errors.ts";

/** How many times in a minute the state is asked for anew before the client gives up. */
const MAX_RESYNCS = 5;
const RESYNC_WINDOW_MS = 60_000;

/** What to do when a connection is lost: end for good with this error, or try again after so many milliseconds. */
export type Remedy = { readonly final: StateClientError } | { readonly final?: undefined; readonly afterMs: number };

/** Remembers how connecting went, and knows from that what to do next. */
export class Recovery {
  /** What the server told: milliseconds until it wants to be asked again. */
  retryMs: number | undefined;
  #failures = 0;
  /** The connection has brought the copy up to date. */
  #worked = false;
  /** Was told 401, and has asked for headers again. */
  #unauthorized = false;
  readonly #resyncs: number[] = [];

  worked(): void {
    this.#worked = true;
    this.#failures = 0;
    this.#unauthorized = false;
  }

  /** No error: the server ended the connection in order. */
  remedy(error: StateClientError | undefined): Remedy {
    // An end before any state, from a server that is overloaded for example, must not be answered without pause either.
    this.#failures = error === undefined && this.#worked ? 0 : this.#failures + 1;
    this.#worked = false;
    if (error === undefined) return { afterMs: this.#wait() };
    if (FINAL.has(error.code)) return { final: error };
    if (error.httpStatus === 401) return this.#askHeadersAgain(error);
    if (!isMismatch(error)) return { afterMs: this.#wait(error.retryAfterMs) };
    if (this.#resyncsTooOften()) {
      const message = `Asked for the state anew ${MAX_RESYNCS} times in a minute. ${error.message}`;
      return { final: new StateClientError("diverged", message, { cause: error }) };
    }
    return { afterMs: error.code === "resync" && this.#failures === 1 ? 0 : this.#wait() };
  }

  #wait(retryAfterMs?: number): number {
    return waitMs({ retryMs: this.retryMs, failures: this.#failures, retryAfterMs });
  }

  #askHeadersAgain(error: StateClientError): Remedy {
    const details = { httpStatus: 401, cause: error };
    if (this.#unauthorized)
      return { final: new StateClientError("refused", "The server refused the request with 401, twice.", details) };
    this.#unauthorized = true;
    return { afterMs: 0 };
  }

  #resyncsTooOften(): boolean {
    const now = Date.now();
    this.#resyncs.push(now);
    while ((this.#resyncs[0] ?? now) < now - RESYNC_WINDOW_MS) this.#resyncs.shift();
    return this.#resyncs.length > MAX_RESYNCS;
  }
}

/** Whether the copy, or what was received for it, cannot be gone on from. */
export function isMismatch(error: StateClientError | undefined): boolean {
  return error?.code === "resync" || error?.code === "protocol";
}
