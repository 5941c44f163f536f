import type { EndReason } from "../protocol/events.ts";
import type { ConnectionEvent } from "../protocol/frame.ts";

/**
 * Why a connection is closed: the reason the server ended it, or `disconnected` (the client left, or the connection was
 * closed without a reason), or `stalled` (it took no byte for `maxStallMs`).
 */
export type CloseReason = EndReason | "disconnected" | "stalled";

/** How a stream or a connection ends: the reason clients are sent, and whether they may come back. */
export interface Ending {
  readonly reason: EndReason;
  readonly retry: boolean;
}

/**
 * One client: a position in the log and the slices it selects. It is read in one of two ways: as bytes (`read` and
 * `onReadable`), or as events (`for await`). What is read is shared by connections and must not be changed. A loop that
 * waits for its client in its body learns that the connection was closed when it asks for the next event: let `onClose` end
 * the wait.
 */
export interface Connection extends AsyncIterable<ConnectionEvent> {
  /**
   * The next bytes of the response, at most 64 KiB: everything pending, or the next part of it. Includes changes whose
   * notification is still to come. `undefined`: nothing now, or closed. Read until `undefined`: a chunk counts as taken
   * when the next call is made, which is how a slow client is recognised.
   */
  read(): Uint8Array | undefined;
  /**
   * Calls `fn` when there is something to read, or the connection was closed: once between two reads, and never inside
   * the call that changed the state. One listener; the returned function removes it.
   */
  onReadable(fn: () => void): () => void;
  /** Whether `read` will return nothing more. */
  readonly closed: boolean;
  /** Why it is closed; `undefined` while it is open. */
  readonly closeReason: CloseReason | undefined;
  /** Whether the client was sent the events that it missed instead of a snapshot. */
  readonly resumed: boolean;
  /** The option `context` of `connect`. */
  readonly context: unknown;
  /**
   * How long the client has to wait before it reconnects, in milliseconds, drawn for this connection. `read` gives it as
   * the `retry:` line; who reads events has to send it where that matters.
   */
  readonly retryMs: number;
  /**
   * Ends the connection in order: sends what is pending, then `state.end` with this reason, then closes. `revoked` also
   * says that the client must not come back. After `expired`, `revoked`, `overloaded` and `unavailable` the client may
   * see nothing more, so pending events are discarded. Does nothing where the connection is closed or about to end.
   */
  end(reason: EndReason): void;
  /** Closes the connection at once, without `state.end`: for a client that has left. Does nothing where it is closed. */
  close(): void;
}
