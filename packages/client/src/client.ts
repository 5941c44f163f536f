import type { HeartbeatEvent, Json, StateEvent } from "@statestream/core";
import { endpointOf } from "./endpoint.ts";
import { StateClientError } from "./errors.ts";
import { followPage } from "./page.ts";
import { isMismatch, Recovery } from "./recovery.ts";
import { Replica } from "./replica.ts";
import type { InitialState, StateClient, StateClientOptions, StreamStatus } from "./state-client.ts";
import { Store } from "./store.ts";
import { readStream } from "./transport.ts";
import { Watchdog } from "./watchdog.ts";

/**
 * Connects to a state stream and follows it for good: through network failures, restarts and sleep. The state is never
 * wrong: what does not fit is asked for anew, and what cannot be mended closes the client with an error.
 *
 * The URL may be relative to the page; where there is none, as on a server, it must be whole.
 *
 * @example
 * const client = createStateClient<{ count: number }>("/events");
 * client.subscribe(() => render(client.getState()));
 */
export function createStateClient<S extends object>(
  url: string | URL,
  options: StateClientOptions & { initial: InitialState<S> },
): StateClient<S>;
export function createStateClient<S extends object>(
  url: string | URL,
  options?: StateClientOptions,
): StateClient<S | undefined>;
export function createStateClient<S extends object>(
  url: string | URL,
  options: StateClientOptions & { initial?: InitialState<S> } = {},
): StateClient<S | undefined> {
  return new Client<S>(url, options);
}

class Client<S extends object> implements StateClient<S | undefined> {
  readonly ready: Promise<void>;
  readonly getState = (): S | undefined => this.#replica.read() as S | undefined;
  readonly getStatus = (): StreamStatus => {
    this.#store.set(this.#figures);
    return this.#store.status;
  };
  readonly subscribe = (fn: () => void): (() => void) => this.#store.subscribe(fn);
  readonly close = (): void => this.#end(undefined);
  readonly #requestAfter: ReturnType<typeof endpointOf>;
  readonly #onEvent: StateClientOptions["onEvent"];
  readonly #replica: Replica;
  readonly #store: Store;
  readonly #recovery = new Recovery();
  readonly #watchdog = new Watchdog((ms) => this.#lost(new StateClientError("timeout", `Silent for ${ms} ms.`)));
  /** Whether it is closed, for whoever it listens to. */
  readonly #gone = new AbortController();
  #resolve!: () => void;
  #reject!: (error: StateClientError) => void;
  #bytes = 0;
  /** The connection, or the attempt at one; whoever is not this one any more has nothing to say. */
  #request: AbortController | undefined;
  /** Until the next attempt. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string | URL, options: StateClientOptions & { initial?: InitialState<S> }) {
    const { initial, signal } = options;
    this.#requestAfter = endpointOf(url, options);
    this.#onEvent = options.onEvent;
    this.#replica = new Replica(initial as InitialState<Readonly<Record<string, Json>>> | undefined);
    this.#store = new Store(
      { status: this.#waiting, since: Date.now(), attempt: 0, resumed: false, error: undefined, ...this.#figures },
      options.onError,
    );
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not wait for it sees it in the status.
    this.ready.catch(() => {});
    if (initial !== undefined) this.#resolve();
    signal?.addEventListener("abort", this.close, { signal: this.#gone.signal });
    followPage(
      this.#gone.signal,
      () => (this.#request === undefined ? this.#connect() : this.#watchdog.look()),
      () => {
        this.#drop();
        this.#change({ status: this.#waiting });
      },
    );
    if (signal?.aborted === true) this.close();
    else this.#connect();
  }

  #connect(): void {
    this.#drop();
    const request = new AbortController();
    this.#request = request;
    this.#watchdog.start();
    this.#change({ status: this.#waiting, attempt: this.#store.status.attempt + 1 });
    // Unless somebody who was told of it has closed the client.
    if (this.#request === request) void this.#follow(request);
  }

  /** One connection, from its request to its end. */
  async #follow(request: AbortController): Promise<void> {
    const isCurrent = (): boolean => this.#request === request;
    let error: StateClientError | undefined;
    let inOrder = false;
    try {
      const asked = await this.#requestAfter(this.#replica.eventId, request.signal);
      if (!isCurrent()) return;
      this.#replica.begin();
      await readStream(asked, {
        onBytes: (count) => {
          this.#watchdog.heard();
          this.#bytes += count;
        },
        onRetry: (ms) => (this.#recovery.retryMs = ms),
        onEvent: (event, id, data) => {
          // A subscriber may have closed the client in the middle of a chunk.
          if (!isCurrent()) return;
          this.#take(event, id, data);
          inOrder = event.type === "state.end";
        },
      });
      if (!inOrder) error = new StateClientError("network", "The connection failed.");
    } catch (cause) {
      error = cause instanceof StateClientError ? cause : new StateClientError("protocol", String(cause), { cause });
    }
    if (isCurrent()) this.#lost(error);
  }

  #take(event: StateEvent, id: string | undefined, data: string): void {
    const complete = this.#replica.take(event, id);
    this.#watchdog.expect((event as Partial<HeartbeatEvent>).heartbeatMs);
    // Counted only for whoever asks.
    this.#store.call(() => this.#onEvent?.(event, { id, bytes: new TextEncoder().encode(data).length }));
    if (event.type === "state.end" && !event.retry) {
      throw new StateClientError("ended", `The server ended it: ${event.reason}.`);
    }
    if (!complete) return;
    const { upToDate, changed, resumed } = this.#replica;
    const isLive = this.#store.status.status === "live";
    if (upToDate && !isLive) {
      this.#recovery.worked();
      this.#resolve();
      this.#change({ status: "live", attempt: 0, error: undefined, resumed });
    } else if (changed || upToDate !== isLive) {
      this.#change(upToDate ? {} : { status: this.#waiting });
    }
  }

  /** The connection is gone, or there was none: again, or the end. */
  #lost(error: StateClientError | undefined): void {
    this.#drop();
    // It is not to be trusted: the next connection asks for everything.
    if (isMismatch(error)) this.#replica.eventId = undefined;
    const remedy = this.#recovery.remedy(error);
    if (typeof remedy === "object") return this.#end(remedy);
    // Before anybody is told, who may close the client.
    this.#timer = setTimeout(() => this.#connect(), remedy);
    if (error !== undefined) this.#store.report(error);
    this.#change({ status: this.#waiting, error });
  }

  #end(error: StateClientError | undefined): void {
    this.#drop();
    this.#gone.abort();
    if (!this.#change({ status: "closed", error })) return;
    this.#reject(error ?? new StateClientError("closed", "Closed before any state."));
    if (error !== undefined) this.#store.report(error);
  }

  /** Lets go of the connection and of the timers. */
  #drop(): void {
    clearTimeout(this.#timer);
    this.#watchdog.stop();
    const request = this.#request;
    this.#request = undefined;
    request?.abort();
  }

  /** What the status is when it is not live. */
  get #waiting(): "connecting" | "stale" {
    return this.#replica.isEmpty ? "connecting" : "stale";
  }

  get #figures(): Pick<StreamStatus, "eventId" | "bytes"> {
    return { eventId: this.#replica.eventId, bytes: this.#bytes };
  }

  /** Tells readers of the change, and of the state's. False once it is closed. */
  #change(change: Partial<StreamStatus>): boolean {
    if (!this.#store.set({ ...this.#figures, ...change })) return false;
    this.#replica.changed = false;
    this.#store.notify();
    return true;
  }
}
