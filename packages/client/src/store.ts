import { StateClientError } from "./errors.ts";
import type { StreamStatus } from "./state-client.ts";

/** What readers see of a client beside the state: the status, who is told of changes, and where errors go. */
export class Store {
  readonly #onError: ((error: StateClientError) => void) | undefined;
  readonly #subscribers = new Set<() => void>();
  status: StreamStatus;

  constructor(status: StreamStatus, onError: ((error: StateClientError) => void) | undefined) {
    this.status = status;
    this.#onError = onError;
  }

  /**
   * Keeps the object where nothing changes. False, and nothing happens, once it is closed: readers may close the client in
   * the middle of anything, and that is for good.
   */
  set(change: Partial<StreamStatus>): boolean {
    const before = this.status;
    if (before.status === "closed") return false;
    const after = { ...before, ...change };
    if (after.status !== before.status) after.since = Date.now();
    if (Object.keys(after).some((name) => after[name as keyof StreamStatus] !== before[name as keyof StreamStatus]))
      this.status = after;
    return true;
  }

  subscribe(fn: () => void): () => void {
    // Each call counts, also with a function that is subscribed already.
    const subscriber = (): void => fn();
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  notify(): void {
    for (const subscriber of [...this.#subscribers]) {
      if (this.#subscribers.has(subscriber)) this.call(subscriber);
    }
  }

  /** Calls into the application; what it throws is told, and harms nobody else. */
  call(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.report(new StateClientError("listener", "A subscriber or onEvent threw.", { cause }));
    }
  }

  report(error: StateClientError): void {
    try {
      // The application's own mistakes must not vanish; what the client recovers from is in its status.
      if (this.#onError !== undefined) this.#onError(error);
      else if (error.code === "listener") throw error;
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
