import { development } from "#development";
import { StateClientError } from "./errors.ts";
import type { StreamStatus } from "./state-client.ts";

/** What readers see of a client beside the state: the status, the subscribers, and where errors go. */
export class Store {
  readonly #name: string;
  readonly #onError: ((error: StateClientError) => void) | undefined;
  readonly #subscribers = new Set<() => void>();
  status: StreamStatus;

  /** @param name of the stream, for messages */
  constructor(name: string, status: StreamStatus, onError: ((error: StateClientError) => void) | undefined) {
    this.#name = name;
    this.status = status;
    this.#onError = onError;
  }

  /**
   * Keeps the object where nothing changes. Returns false, and changes nothing, once it is closed: readers may close the
   * client at any moment, and that is for good.
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
    // Each call is a subscription of its own, also with a function that is subscribed already.
    const subscriber = (): void => fn();
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  notify(): void {
    for (const subscriber of [...this.#subscribers]) {
      if (this.#subscribers.has(subscriber)) this.call(subscriber);
    }
  }

  /** Calls into the application; an exception is reported and affects no other callback. */
  call(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.listenerThrew(cause);
    }
  }

  readonly listenerThrew = (cause: unknown): void =>
    this.report(new StateClientError("listener", `${this.#name}: A subscriber, onEvent or a recipe threw.`, { cause }));

  report(error: StateClientError): void {
    try {
      if (this.#onError !== undefined) this.#onError(error);
      // The application's own exceptions must not vanish; what the client recovers from is in its status.
      else if (error.code === "listener") throw error;
      else development?.warn(`${error.message} (${error.code}) Set the option onError to handle this.`);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
