import { StateClientError } from "./errors.ts";
import type { StreamStatus } from "./state-client.ts";

/** What readers see of a client beside the state: the status, who is told of changes, and where errors go. */
export class Store {
  readonly #onError: ((error: StateClientError) => void) | undefined;
  readonly #subscribers = new Set<() => void>();
  #status: StreamStatus;

  constructor(status: StreamStatus, onError: ((error: StateClientError) => void) | undefined) {
    this.#status = status;
    this.#onError = onError;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** Keeps the object where nothing changes. Closed is for good: readers may close the client in the middle of anything. */
  set(change: Partial<StreamStatus>): void {
    const before = this.#status;
    if (before.status === "closed") return;
    const names = Object.keys(change) as (keyof StreamStatus)[];
    if (names.every((name) => change[name] === before[name])) return;
    const since = (change.status ?? before.status) === before.status ? before.since : Date.now();
    this.#status = { ...before, ...change, since };
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
    // The application's own mistakes must not vanish; what the client recovers from is in its status.
    if (this.#onError === undefined && error.code !== "listener") return;
    try {
      if (this.#onError === undefined) throw error;
      this.#onError(error);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
