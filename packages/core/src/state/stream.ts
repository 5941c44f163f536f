import type { CloseReason, Connection, Ending } from "../delivery/connection.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import type { Jsonified } from "../json/jsonified.ts";

/** Options of one connection. */
export interface ConnectOptions {
  /** Where the client left off. Comes from a client: whatever is wrong with it leads to a snapshot, never to an error. */
  lastEventId?: string | undefined;
  /** Narrows the connection to these slices; names that are not there yet wait for their slice. An empty list selects nothing. */
  slices?: readonly string[] | undefined;
  /**
   * The slices whose updates may carry the operation `append` beside those of RFC 6902: `true` for all. Only for a client
   * that understands it; adapters set it from the request's `?ops=append`. Default: none, and text that grew is sent as
   * `replace`.
   */
  append?: boolean | readonly string[] | undefined;
  /**
   * At most so many flushes a second, rounded down to 0.5, 1, 2, 5, 10, 20 or 50: what changes in between is sent together,
   * one net event for each slice without causes. The first change is sent at once, the last one always. Above 1,000 and
   * below 0.5 throw. Default: each turn in which something changed is a flush.
   */
  maxRateHz?: number | undefined;
  /**
   * Whether heartbeats follow commits whose last event is not selected, within 250 ms and at most four a second: for a client
   * that waits for the position of a write. Adapters set it from the request's `?bookmarks=1`. Default `false`.
   */
  bookmarks?: boolean | undefined;
  /** Closes the connection when aborted. */
  signal?: AbortSignal | undefined;
  /** When what let the client in expires: it then gets `state.end` with `expired`, and nothing after. A Date, or milliseconds since 1970. */
  expiresAt?: Date | number | undefined;
  /**
   * Ends the connection when aborted: the client gets `state.end` with `revoked`, or is cut off where half of an event has
   * been sent, and nothing that is selected after it. Aborted before, the client gets that end alone. Default: never.
   */
  revoked?: AbortSignal | undefined;
  /** Anything; kept as `connection.context`. */
  context?: unknown;
  /** Called once, when the connection is closed. */
  onClose?: ((reason: CloseReason) => void) | undefined;
}

export interface SnapshotOptions {
  /** The slices of the client, as `connect` takes them. Default: every slice. */
  readonly slices?: readonly string[] | undefined;
}

/** The state at a position, as a client of these slices has it there. */
export interface StateSnapshot<State = object> {
  /** Shared with the stream: read only. */
  readonly state: State;
  /** The event ID from which such a client resumes; empty while a stream that follows another's log has no state yet. */
  readonly eventId: string;
}

/** Figures of a stream: counted since it was made in this process, unless a member says otherwise. */
export interface StateStreamStats {
  /** Open connections. */
  readonly connections: number;
  /**
   * Events that this process put into the log. A stream that follows or continues another's log counts those it received
   * or made, so the sequence number in `eventId` can be far higher.
   */
  readonly events: number;
  /** The position of the log. */
  readonly eventId: string;
  /** Events the log holds. */
  readonly logEvents: number;
  /** Bytes the log holds. */
  readonly logBytes: number;
  /** Milliseconds since the oldest event of the log was made; 0 while it holds none. How far back a client can resume. */
  readonly logAgeMs: number;
  /** Bytes handed to writers. */
  readonly bytesWritten: number;
  /** Snapshots handed to writers, by reason. */
  readonly snapshots: Readonly<Partial<Record<SnapshotReason, number>>>;
  /** Events that carried a whole value instead of patches. */
  readonly replacements: number;
  /** Connections closed, by reason. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
  /** Errors survived. */
  readonly errors: number;
}

/** A state that clients follow. */
export interface StateStream<S extends object = object> {
  /**
   * The state that the log has reached, as clients see it: what JSON carries of the visible slices. Objects are shared with
   * the stream, and may be the application's own: do not mutate them.
   */
  readonly state: Readonly<Jsonified<S>>;
  /** The position of the log as an event ID. */
  readonly eventId: string;
  /** How the stream was closed; `undefined` while it is open. */
  readonly closing: Ending | undefined;
  /**
   * The open connections at this moment; `connection.context` says whose they are. To cut off a user:
   * `for (const connection of stream.connections) if (connection.context === userId) connection.end("revoked")`.
   */
  readonly connections: Iterable<Connection>;
  /** Figures for an operator. */
  stats(): StateStreamStats;
  /**
   * What a client of these slices would hold now, and the event ID with which it resumes from there: for HTML that is
   * rendered on a server, and for `initial` of a client. Give the `slices` that its connection will be narrowed to; a
   * client that resumes with another selection gets a snapshot. Default: every slice.
   *
   * @throws {StateStreamError} `invalid-option`
   */
  snapshot(): StateSnapshot<Readonly<Jsonified<S>>>;
  snapshot(options: SnapshotOptions): StateSnapshot<Partial<Readonly<Jsonified<S>>>>;
  /**
   * Calls `listener` after changes: once per flush, never inside the call that made the change, and after that call's
   * batch. With `state` this makes any stream a store. The returned function stops it. What a listener throws is reported
   * as `listener-failed`.
   *
   * @throws {StateStreamError} `invalid-option`
   */
  subscribe(listener: () => void): () => void;
  /**
   * Opens a connection: position, snapshot and subscription in one synchronous turn, which is that of the first read; a
   * change before it is in the snapshot. Close it when the client leaves.
   * To a closed stream, or beyond `maxConnections`, it gives a connection that says `state.end`.
   *
   * @throws {StateStreamError} `invalid-option`
   */
  connect(options?: ConnectOptions): Connection;
  /**
   * Ends every connection with `state.end`, and the stream with them. Resolves when all are closed, at most half a second
   * later: a client that has not taken its end by then is cut off. Called inside a batch or an updater, it closes the stream
   * after that commit. Changes after it throw `stream-closed`: stop what feeds the stream first. Default: reason `closed`,
   * `retry: true`. With `retry: false` clients must not come back, and adapters answer later requests with 204.
   */
  close(ending?: Partial<Ending>): Promise<void>;
}

/**
 * The state that a stream's clients hold, for `createStateClient<StateOf<typeof stream>>(url)`. A client that does not
 * select, or may not see, every slice holds only some of them: use `Partial<StateOf<typeof stream>>` for it.
 */
export type StateOf<Stream extends { readonly state: object }> = Stream["state"];
