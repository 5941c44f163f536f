import type { StateClient, StreamStatus } from "../../src/index.ts";

/** A client without a server: tests say what it holds. */
export class FakeClient<S> implements StateClient<S> {
  readonly ready: Promise<readonly string[]> = Promise.resolve([]);
  readonly #subscribers = new Set<() => void>();
  readonly #initial: S;
  #state: S;
  #status: StreamStatus;

  constructor(state: S, status: Partial<StreamStatus> = {}) {
    this.#initial = state;
    this.#state = state;
    this.#status = {
      status: "live",
      since: 1,
      attempt: 0,
      resumed: false,
      eventId: "e.0",
      error: undefined,
      bytes: 0,
      ...status,
    };
  }

  readonly getState = (): S => this.#state;

  readonly getInitialState = (): S => this.#initial;

  reached(): Promise<void> {
    return Promise.resolve();
  }

  optimistic(): Promise<void> {
    return Promise.resolve();
  }

  readonly getStatus = (): StreamStatus => this.#status;

  readonly subscribe = (fn: () => void): (() => void) => {
    const subscriber = (): void => fn();
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  };

  observe(): () => void {
    return () => {};
  }

  close(): void {
    this.setStatus({ status: "closed" });
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** A commit: as with a real client, the status is another object after it. */
  set(change: Partial<S>): void {
    this.#state = { ...this.#state, ...change };
    this.setStatus({ bytes: this.#status.bytes + 100, eventId: `e.${this.#status.bytes}` });
  }

  setStatus(change: Partial<StreamStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const subscriber of [...this.#subscribers]) subscriber();
  }
}
