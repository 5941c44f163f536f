import type { Json, StateEvent } from "@statestream/core";
import { waitMs } from "./backoff.ts";
import { FINAL, StateClientError } from "./errors.ts";
import { followPage } from "./page.ts";
import { Misfit, Replica } from "./replica.ts";
import type { InitialState, StateClient, StateClientOptions, StreamStatus } from "./state-client.ts";
import { readStream } from "./transport.ts";

/** How many times in a minute the state is asked for anew before the client gives up. */
const MAX_RESYNCS = 5;
const RESYNC_WINDOW_MS = 60_000;

/** Assumed until the server tells. */
const DEFAULT_HEARTBEAT_MS = 15_000;
const DEFAULT_RETRY_MS = 2000;

/**
 * Connects to a state stream and follows it for good: through network failures, restarts and sleep. The state is never
 * wrong: what does not fit is asked for anew, and what cannot be mended closes the client with an error.
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
  readonly #url: URL;
  readonly #sameOrigin: boolean;
  readonly #options: StateClientOptions;
  readonly #replica: Replica;
  readonly #subscribers = new Set<() => void>();
  readonly #stopFollowing: () => void;
  readonly #resyncs: number[] = [];
  #settle!: { readonly resolve: () => void; readonly reject: (error: StateClientError) => void };
  #status: StreamStatus;
  #eventId: string | undefined;
  #bytes = 0;
  #failures = 0;
  /** Was told 401, and has asked for headers again. */
  #unauthorized = false;
  #retryMs = DEFAULT_RETRY_MS;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  /** When the server last said something, milliseconds since 1970. */
  #heardAt = 0;
  /** The connection, or the attempt at one; whoever is not this one any more has nothing to say. */
  #request: AbortController | undefined;
  /** Until the next attempt, or the next look at the clock. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string | URL, options: StateClientOptions & { initial?: InitialState<S> }) {
    const page = (globalThis as { location?: { href: string; origin: string } }).location;
    this.#url = new URL(url, page?.href);
    for (const slice of options.slices ?? []) this.#url.searchParams.append("slices", slice);
    this.#sameOrigin = page === undefined || page.origin === this.#url.origin;
    this.#options = options;
    this.#replica = new Replica(options.initial?.state as Readonly<Record<string, Json>> | undefined);
    this.#eventId = options.initial?.eventId;
    this.#status = {
      status: options.initial === undefined ? "connecting" : "stale",
      since: Date.now(),
      attempt: 0,
      resumed: false,
      eventId: this.#eventId,
      error: undefined,
      bytes: 0,
    };
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever does not wait for it sees it in the status.
    this.ready.catch(() => {});
    if (options.initial !== undefined) this.#settle.resolve();
    this.#stopFollowing = followPage({ onWake: () => this.#wake(), onHide: () => this.#drop() });
    options.signal?.addEventListener("abort", () => this.close(), { once: true });
    if (options.signal?.aborted === true) this.close();
    else void this.#connect();
  }

  getState(): S | undefined {
    return this.#replica.state as S | undefined;
  }

  getStatus(): StreamStatus {
    const eventId = this.#eventId;
    const bytes = this.#bytes;
    if (this.#status.eventId !== eventId || this.#status.bytes !== bytes)
      this.#status = { ...this.#status, eventId, bytes };
    return this.#status;
  }

  subscribe(fn: () => void): () => void {
    // Each call counts, also with a function that is subscribed already.
    const subscriber = (): void => fn();
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  close(): void {
    this.#end(undefined);
  }

  async #connect(): Promise<void> {
    this.#drop();
    const request = new AbortController();
    const isCurrent = (): boolean => this.#request === request;
    this.#request = request;
    this.#change({ attempt: this.#status.attempt + 1 });
    let error: StateClientError | undefined;
    let inOrder = false;
    try {
      const headers = await this.#headers();
      if (!isCurrent()) return;
      this.#replica.begin();
      this.#heardAt = Date.now();
      this.#watch();
      await readStream(
        { url: this.#target(headers), headers, signal: request.signal, ...this.#fetchOptions() },
        {
          onBytes: (count) => {
            this.#heardAt = Date.now();
            this.#bytes += count;
          },
          onRetry: (ms) => (this.#retryMs = ms),
          onEvent: (event, id, size) => {
            // A subscriber may have closed the client in the middle of a chunk.
            if (!isCurrent()) return;
            this.#take(event, id, size);
            inOrder = event.type === "state.end";
          },
        },
      );
      if (!inOrder) error = new StateClientError("network", "The connection ended without a word.");
    } catch (thrown) {
      error =
        thrown instanceof StateClientError
          ? thrown
          : new StateClientError("protocol", String(thrown), { cause: thrown });
    }
    if (isCurrent()) this.#lost(error);
  }

  #take(event: StateEvent, id: string | undefined, size: number): void {
    let complete: boolean;
    try {
      complete = this.#replica.take(event);
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause;
      throw new StateClientError("resync", `The copy was asked for anew: ${cause.message}.`, { cause });
    }
    // Only now: what was not applied has not arrived.
    if (id !== undefined) this.#eventId = id;
    if ("heartbeatMs" in event && event.heartbeatMs > 0) this.#heartbeatMs = event.heartbeatMs;
    this.#call(() => this.#options.onEvent?.(event, { id, size }));
    if (event.type === "state.end" && !event.retry) {
      throw new StateClientError("ended", `The server ended the stream for good: ${event.reason}.`);
    }
    const isUpToDate =
      this.#replica.upToDate && event.type !== "state.end" && (complete || this.#status.status === "live");
    if (isUpToDate && this.#status.status !== "live") {
      this.#failures = 0;
      this.#unauthorized = false;
      this.#settle.resolve();
      this.#set({ status: "live", attempt: 0, error: undefined, resumed: this.#replica.resumed });
      this.#notify();
    } else if (complete && this.#replica.changed) {
      this.#notify();
    }
  }

  /** The connection is gone, or there was none: again, or the end. */
  #lost(error: StateClientError | undefined): void {
    this.#drop();
    if (error?.httpStatus === 401 && !this.#unauthorized) {
      this.#unauthorized = true;
      void this.#connect();
      return;
    }
    if (error?.code === "resync" || error?.code === "protocol") this.#eventId = undefined;
    const failure = error?.code === "resync" || error?.code === "protocol" ? this.#countResync(error) : error;
    if (failure !== undefined && FINAL.has(failure.code)) return this.#end(failure);
    if (failure !== undefined) {
      this.#failures++;
      this.#report(failure);
    }
    // It may have been reported to somebody who closed the client.
    if (this.#status.status === "closed") return;
    this.#change({ status: this.#replica.state === undefined ? "connecting" : "stale", error: failure });
    const retryAfterMs = (failure?.cause as { retryAfterMs?: number } | undefined)?.retryAfterMs;
    const wait = waitMs({ retryMs: this.#retryMs, failures: this.#failures, retryAfterMs });
    this.#timer = setTimeout(() => void this.#connect(), failure?.code === "resync" && this.#failures === 1 ? 0 : wait);
  }

  #countResync(error: StateClientError): StateClientError {
    const now = Date.now();
    this.#resyncs.push(now);
    while ((this.#resyncs[0] ?? now) < now - RESYNC_WINDOW_MS) this.#resyncs.shift();
    if (this.#resyncs.length <= MAX_RESYNCS) return error;
    return new StateClientError("diverged", `Asked for the state ${MAX_RESYNCS} times in a minute. ${error.message}`, {
      cause: error,
    });
  }

  #end(error: StateClientError | undefined): void {
    if (this.#status.status === "closed") return;
    this.#drop();
    this.#stopFollowing();
    this.#set({ status: "closed", error });
    this.#settle.reject(error ?? new StateClientError("closed", "The client was closed before there was a state."));
    if (error !== undefined) this.#report(error);
    this.#notify();
  }

  /** Lets go of the connection and of the timer. */
  #drop(): void {
    clearTimeout(this.#timer);
    const request = this.#request;
    this.#request = undefined;
    request?.abort();
  }

  /** Looks at the clock rather than at how often it ticked: timers of hidden pages sleep. */
  #watch(): void {
    const silence = Date.now() - this.#heardAt;
    const limit = 2.5 * this.#heartbeatMs;
    if (silence >= limit) this.#lost(new StateClientError("timeout", `Nothing was heard for ${silence} ms.`));
    else this.#timer = setTimeout(() => this.#watch(), limit - silence);
  }

  #wake(): void {
    if (this.#request === undefined) return void this.#connect();
    clearTimeout(this.#timer);
    this.#watch();
  }

  async #headers(): Promise<Headers> {
    const { headers } = this.#options;
    try {
      return new Headers(typeof headers === "function" ? await headers() : headers);
    } catch (cause) {
      throw new StateClientError("headers", "The option headers threw.", { cause });
    }
  }

  /** Where to ask: with the position in the query where a header would need a preflight that servers forget to allow. */
  #target(headers: Headers): string {
    if (this.#eventId === undefined) return this.#url.href;
    if (this.#sameOrigin) {
      headers.set("last-event-id", this.#eventId);
      return this.#url.href;
    }
    const url = new URL(this.#url);
    url.searchParams.set("lastEventId", this.#eventId);
    return url.href;
  }

  #fetchOptions(): { fetch: typeof fetch; credentials: RequestCredentials | undefined } {
    const { fetch = globalThis.fetch, credentials } = this.#options;
    return { fetch, credentials };
  }

  #set(change: Partial<StreamStatus>): void {
    const since =
      change.status === undefined || change.status === this.#status.status ? this.#status.since : Date.now();
    this.#status = { ...this.#status, ...change, since, eventId: this.#eventId, bytes: this.#bytes };
  }

  #change(change: Partial<StreamStatus>): void {
    this.#set(change);
    this.#notify();
  }

  #notify(): void {
    this.#replica.shown();
    for (const subscriber of [...this.#subscribers]) {
      if (this.#subscribers.has(subscriber)) this.#call(subscriber);
    }
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.#report(new StateClientError("listener", "A subscriber or onEvent threw.", { cause }));
    }
  }

  #report(error: StateClientError): void {
    const { onError } = this.#options;
    // The application's own mistakes must not vanish; what the client recovers from is in its status.
    if (onError === undefined && error.code !== "listener") return;
    try {
      if (onError === undefined) throw error;
      onError(error);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}
