import type { HeartbeatEvent, Json, StateEvent, StateInitialEvent } from "@statestream/core";
import { development } from "#development";
import { Connection } from "./connection.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { StateClientError, type StateClientErrorCode } from "./errors.ts";
import { followPage } from "./page.ts";
import { isNarrowed } from "./positions.ts";
import { isMismatch, Recovery } from "./recovery.ts";
import { Replica } from "./replica.ts";
import type { InitialState, OnEvent, StateClient, StateClientOptions, StreamStatus } from "./state-client.ts";
import { Store } from "./store.ts";
import { Watchdog } from "./watchdog.ts";
import { Writes } from "./writes.ts";

/** What any server may have. */
type State = Readonly<Record<string, Json>>;
export type Options = StateClientOptions & { initial?: InitialState<object> };

/** Follows a stream for good: owns the copy, the connection to it, and what readers see. */
export class Client implements StateClient<State | undefined> {
  readonly ready: Promise<readonly string[]>;
  readonly getState = (): State | undefined => this.#frozen(this.#writes.over(this.#copy));
  readonly getInitialState = (): State | undefined => this.#initial;
  readonly getStatus = (): StreamStatus => {
    this.#store.set(this.#figures);
    return this.#store.status;
  };
  readonly subscribe = (fn: () => void): (() => void) => this.#store.subscribe(fn);
  readonly close = (): void => this.#end(undefined);
  readonly observe = (fn: OnEvent): (() => void) => {
    const observer: OnEvent = (event, details) => fn(event, details);
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  };
  readonly reached: StateClient<State>["reached"];
  readonly optimistic: StateClient<State>["optimistic"];
  readonly #name: string;
  readonly #options: Options;
  readonly #observers = new Set<OnEvent>();
  readonly #initial: State | undefined;
  readonly #replica: Replica;
  readonly #store: Store;
  readonly #writes: Writes<State>;
  readonly #recovery = new Recovery();
  readonly #watchdog = new Watchdog((ms) => this.#lost(this.#error("timeout", `Nothing was received for ${ms} ms.`)));
  /** Removes the listeners of a client that is closed. */
  readonly #gone = new AbortController();
  #resolve!: (slices: readonly string[]) => void;
  #reject!: (error: StateClientError) => void;
  #bytes = 0;
  readonly #connection: Connection;
  /** Until the next attempt. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The current connection asked for bookmarks. From the first position that needs them, all do. */
  #bookmarks = false;

  constructor(url: string | URL, options: Options) {
    const endpoint = endpointOf(url, options);
    this.#name = endpoint?.name ?? String(url);
    this.#options = options;
    if (options.onEvent !== undefined) this.#observers.add(options.onEvent);
    const initial = options.initial as InitialState<State> | undefined;
    this.#initial = initial?.state;
    this.#replica = new Replica(initial);
    const status = endpoint === undefined ? "closed" : this.#waiting;
    this.#store = new Store(
      this.#name,
      { status, since: Date.now(), attempt: 0, resumed: false, error: undefined, ...this.#figures },
      options.onError,
    );
    this.#writes = new Writes({
      read: () => (this.#isClosed ? undefined : { state: this.#copy }),
      error: (code, why) => this.#error(code, why),
      onFailure: this.#store.listenerThrew,
      onChange: () => this.#change({}),
      onWait: () => this.#useBookmarks(),
    });
    this.#connection = new Connection({
      request: (signal) => (endpoint as Endpoint).request(this.#replica.eventId, this.#bookmarks, signal),
      onRequest: () => this.#replica.begin(),
      onBytes: (count) => {
        this.#watchdog.heard();
        this.#bytes += count;
      },
      onRetry: (ms) => (this.#recovery.retryMs = ms),
      onEvent: (event, id, data) => this.#take(event, id, data),
      onEnd: (error) => this.#lost(error && this.#error(error.code, error.message, error)),
    });
    this.reached = this.#writes.reached;
    this.optimistic = this.#writes.optimistic;
    if (initial !== undefined) this.#writes.reach(initial.eventId, [], false);
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // An application that does not wait for it sees the error in the status.
    this.ready.catch(() => {});
    if (initial !== undefined) this.#resolve(Object.keys(initial.state));
    if (endpoint === undefined) return;
    options.signal?.addEventListener("abort", this.close, { signal: this.#gone.signal });
    followPage(
      this.#gone.signal,
      () => this.#wake(),
      () => {
        this.#drop();
        this.#change({ status: this.#waiting });
      },
    );
    if (options.signal?.aborted === true) this.close();
    else this.#connect();
  }

  /** A status that is `live` stays so when the client changes its connection by itself. */
  #connect(status: StreamStatus["status"] = this.#waiting): void {
    this.#drop();
    const follow = this.#connection.next();
    this.#watchdog.start();
    this.#recovery.attempted();
    this.#change({ status, attempt: this.#store.status.attempt + 1 });
    void follow();
  }

  #take(event: StateEvent, id: string | undefined, data: string): void {
    const complete = this.#replica.take(event, id);
    this.#watchdog.expect((event as Partial<HeartbeatEvent>).heartbeatMs);
    if (this.#observers.size > 0) {
      const bytes = new TextEncoder().encode(data).length;
      for (const observer of [...this.#observers]) this.#store.call(() => observer(event, { id, bytes }));
    }
    if (event.type === "state.end" && !event.retry) {
      throw new StateClientError("ended", `The server ended it: ${event.reason}.`);
    }
    const { upToDate, changed, resumed, eventId } = this.#replica;
    const { status, attempt } = this.#store.status;
    const { reason, ended = [] } = event as Partial<StateInitialEvent>;
    const isLive = status === "live";
    // First, since it may remove layers: readers must see the commit and that at once.
    this.#writes.reach(complete ? eventId : undefined, ended, reason === "epoch" || reason === "repaired");
    if (!complete) return;
    if (upToDate && (!isLive || attempt > 0)) {
      this.#recovery.worked();
      this.#becomeReady();
      this.#change({ status: "live", attempt: 0, error: undefined, resumed });
    } else if (changed || this.#writes.changed || upToDate !== isLive) {
      this.#change(upToDate ? {} : { status: this.#waiting });
    }
    this.#useBookmarks();
  }

  #becomeReady(): void {
    const slices = Object.keys(this.#replica.read() as State);
    this.#resolve(slices);
    development?.missing(this.#name, this.#options.slices, slices);
  }

  /** The page is visible or online again. */
  #wake(): void {
    if (this.#connection.exists) return this.#watchdog.look();
    this.#retry(this.#recovery.wakeMs());
  }

  #retry(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  /** The connection is lost, or there was none: try again, or close. */
  #lost(error: StateClientError | undefined): void {
    this.#drop();
    // The copy is not to be trusted: the next connection requests a snapshot.
    if (isMismatch(error)) this.#replica.eventId = undefined;
    const remedy = this.#recovery.remedy(error);
    if (typeof remedy === "object") return this.#end(remedy);
    // Before callbacks run, which may close the client.
    this.#retry(remedy);
    if (error !== undefined) this.#store.report(error);
    this.#change({ status: this.#waiting, error });
  }

  #end(error: StateClientError | undefined): void {
    this.#drop();
    this.#gone.abort();
    if (this.#isClosed) return;
    this.#writes.close();
    this.#change({ status: "closed", error });
    this.#reject(error ?? this.#error("closed", "Closed before any state."));
    if (error !== undefined) this.#store.report(error);
  }

  /** Ends the connection and the timers. */
  #drop(): void {
    clearTimeout(this.#timer);
    this.#watchdog.stop();
    this.#connection.drop();
  }

  /** A narrowed client does not receive the last event of each commit, so it needs to be sent the position by itself. */
  #useBookmarks(): void {
    if (this.#bookmarks || !this.#writes.isWaiting || !isNarrowed(this.#replica.eventId)) return;
    this.#bookmarks = true;
    if (this.#connection.exists) this.#connect(this.#store.status.status);
  }

  #error(code: StateClientErrorCode, why: string, details?: Partial<StateClientError>): StateClientError {
    return new StateClientError(code, `${this.#name}: ${why}`, details);
  }

  get #isClosed(): boolean {
    return this.#store.status.status === "closed";
  }

  /** The server's state. */
  get #copy(): State | undefined {
    return this.#frozen(this.#replica.read());
  }

  /** On a server, `initial` may be the state of a store, which must not be frozen; a page has parsed it from JSON. */
  #frozen(state: State | undefined): State | undefined {
    if (this.#initial === undefined || "document" in globalThis) development?.freeze(state);
    return state;
  }

  /** The status when it is not live. */
  get #waiting(): "connecting" | "stale" {
    return this.#replica.isEmpty ? "connecting" : "stale";
  }

  get #figures(): Pick<StreamStatus, "eventId" | "bytes"> {
    return { eventId: this.#replica.eventId, bytes: this.#bytes };
  }

  /** Changes the status and notifies subscribers of it and of the state. Does nothing once the client is closed. */
  #change(change: Partial<StreamStatus>): void {
    if (!this.#store.set({ ...this.#figures, ...change })) return;
    this.#replica.changed = false;
    this.#writes.changed = false;
    this.#store.notify();
  }
}
