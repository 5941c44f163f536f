import type { StateEvent } from "@statestream/core";
import type { StateClientError } from "./errors.ts";

/** What a client is doing. */
export interface StreamStatus {
  /**
   * `connecting`: there is no state yet. `live`: the copy has everything the server told of. `stale`: there is a state, but
   * it may be behind. `closed`: for good; `error` says why, if it was not `close()`.
   */
  readonly status: "connecting" | "live" | "stale" | "closed";
  /** Milliseconds since 1970: when `status` became that. */
  readonly since: number;
  /** Attempts to connect since it was last live. */
  readonly attempt: number;
  /** Whether the last connection went on where the one before ended, without a snapshot. */
  readonly resumed: boolean;
  /** The position of the copy. With `getState()`, what `initial` takes. */
  readonly eventId: string | undefined;
  /** What went wrong last; gone once it is live again. */
  readonly error: StateClientError | undefined;
  /** Bytes received. */
  readonly bytes: number;
}

export interface StateClientOptions {
  /** Follows these slices only. Default: all that the server shows. */
  slices?: readonly string[];
  /** Request headers, or a function that is asked again at each attempt, for tokens that change. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** As in `fetch`. */
  credentials?: RequestCredentials;
  /** Used in place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Closes the client when aborted. */
  signal?: AbortSignal;
  /** Told of each failure, also of those that it recovers from by itself. */
  onError?: (error: StateClientError) => void;
  /** Told of each event after it was applied, with its id and the bytes of its data; for developer tools. */
  onEvent?: (event: StateEvent, details: { readonly id: string | undefined; readonly bytes: number }) => void;
}

/** A state known before the client connects, such as that of a page rendered on the server: it resumes from there. */
export interface InitialState<S> {
  readonly state: S;
  readonly eventId: string;
}

/** A live copy of a server's state: a store. Its functions need no `this`: hand them on as they are. */
export interface StateClient<T> {
  /** The state; a new object after each commit, sharing what did not change. `undefined` until the first has arrived. */
  readonly getState: () => T;
  /**
   * Calls `fn` after each commit, and when the status changes, until the returned function is called. It may close the client;
   * what it throws goes to `onError` and harms nobody else.
   */
  readonly subscribe: (fn: () => void) => () => void;
  /** Resolves when there is a state; rejects with a `StateClientError` when there will be none. */
  readonly ready: Promise<void>;
  readonly getStatus: () => StreamStatus;
  /** Leaves the server; the state stays. */
  readonly close: () => void;
}
