import type { StateEvent } from "@statestream/core";
import type { StateClientError } from "./errors.ts";

/** A type whose members, and theirs, cannot be written to. */
export type DeepReadonly<T> = T extends (...args: never) => unknown
  ? T
  : T extends readonly (infer Item)[]
    ? number extends T["length"]
      ? readonly DeepReadonly<Item>[]
      : { readonly [Index in keyof T]: DeepReadonly<T[Index]> }
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** What a client is doing. */
export interface StreamStatus {
  /**
   * `connecting`: there is no state yet. `live`: the copy has everything that the server announced. `stale`: there is a state,
   * but it may be behind. `closed`: for good; `error` says why, unless it was `close()`.
   */
  readonly status: "connecting" | "live" | "stale" | "closed";
  /** Milliseconds since 1970: when `status` became that. */
  readonly since: number;
  /** Attempts to connect since it was last live. */
  readonly attempt: number;
  /** Whether the last connection continued where the previous one ended, without a snapshot. */
  readonly resumed: boolean;
  /** The position of the copy. With `getState()`, what `initial` takes. */
  readonly eventId: string | undefined;
  /** The last failure; `undefined` once it is live again. */
  readonly error: StateClientError | undefined;
  /** Bytes received. */
  readonly bytes: number;
}

/** Called with an event after it was applied, its id, and the bytes of its data. */
export type OnEvent = (event: StateEvent, details: { readonly id: string | undefined; readonly bytes: number }) => void;

export interface StateClientOptions<Slice extends string = string> {
  /** Follows these slices only. Default: all that the server shows. */
  slices?: readonly Slice[];
  /**
   * At most so many updates a second, from 0.5 to 1,000; the server rounds down to 0.5, 1, 2, 5, 10, 20 or 50, and may allow
   * less. The last change always arrives. Default: each change as it comes.
   */
  maxRateHz?: number;
  /** Request headers, or a function that is called at each attempt, for tokens that change. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** As in `fetch`. */
  credentials?: RequestCredentials;
  /** Used in place of the global `fetch`. It must be able to stream a response's body. */
  fetch?: typeof fetch;
  /** Closes the client when aborted. */
  signal?: AbortSignal;
  /**
   * Called for each failure, also for those that the client recovers from by itself. Default: in development a warning on the
   * console, in production nothing; what a subscriber throws is thrown to the host.
   */
  onError?: (error: StateClientError) => void;
  /** Called with each event from the first on; for developer tools. `observe` does the same later. */
  onEvent?: OnEvent;
}

/** A state known before the client connects, such as that of a page rendered on the server: it resumes from there. */
export interface InitialState<S> {
  readonly state: S;
  readonly eventId: string;
}

/** A live copy of a server's state: a store. Its functions need no `this` and can be passed on as they are. */
export interface StateClient<T> {
  /**
   * The state with the optimistic changes over it; a new object after each commit, sharing what did not change. `undefined`
   * until the first has arrived. It must not be mutated: later changes build on it. In development it is frozen.
   */
  readonly getState: () => T;
  /** The option `initial`'s state, for hydration: parts of a page that hydrate late still have the HTML of that state. */
  readonly getInitialState: () => T;
  /**
   * Calls `fn` after each commit, and when the status changes, until the returned function is called. It may close the client;
   * an exception goes to `onError` and does not affect other subscribers.
   */
  readonly subscribe: (fn: () => void) => () => void;
  /**
   * Resolves when there is a state, with the names of the slices that are in it: one that was requested and is missing is
   * misspelt, not allowed, or does not exist yet. Rejects with a `StateClientError` when there will be no state; stays pending
   * on a server where a relative URL cannot be resolved.
   */
  readonly ready: Promise<readonly string[]>;
  readonly getStatus: () => StreamStatus;
  /** Calls `fn` with each event after it was applied, until the returned function is called; for developer tools. */
  readonly observe: (fn: OnEvent) => () => void;
  /**
   * Resolves when the copy has everything it selects up to an event ID, such as the one that a server's answer to a write
   * carried. Rejects with a `StateClientError`: `position-lost`, `timeout`, `closed`, `invalid-event-id`.
   *
   * @param options.timeoutMs milliseconds until it rejects with `timeout`. Default: it waits until the client is closed
   */
  readonly reached: (eventId: string, options?: { readonly timeoutMs?: number }) => Promise<void>;
  /**
   * Shows a change at once, before the server has it. `recipe` makes the changed state from the current one without mutating
   * it, again after each commit of the server, so it should have no effect on a state that contains the change already.
   * `confirmed` is the write: when it resolves with the event ID of the change, the layer is removed in the same commit that
   * brings the server's own version; when it resolves with nothing, at once; when it rejects, at once too.
   *
   * Resolves when the layer was removed because the copy contains the write. Rejects with the reason of `confirmed`, with what
   * the recipe threw the first time, or with a `StateClientError`: `position-lost`, `closed`, `invalid-event-id`.
   */
  optimistic(
    this: void,
    recipe: (state: Exclude<T, undefined>) => Exclude<T, undefined>,
    confirmed: Promise<{ readonly eventId: string } | void>,
  ): Promise<void>;
  /** Disconnects for good; the state stays, without the optimistic changes. */
  readonly close: () => void;
}
