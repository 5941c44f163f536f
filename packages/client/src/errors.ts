/**
 * What went wrong, as a stable word. Those marked final close the client; after the others it goes on by itself.
 *
 * - `network`: the request failed, or the connection broke.
 * - `timeout`: nothing was received for two and a half heartbeats; or `reached` waited for longer than its `timeoutMs`.
 * - `http`: the server, or something before it, answered with a status that may pass (429, 5xx, 401 the first time).
 * - `not-a-stream`: the answer was not an event stream: a proxy's page, or the HTML of a wrong URL. Final at the fifth in
 *   succession if the client was never live.
 * - `protocol`: an event that is not one of the protocol's; the client requests a new snapshot.
 * - `resync`: a change did not fit the copy; the client requests a new snapshot.
 * - `headers`: the option `headers` threw.
 * - `listener`: a subscriber, `onEvent` or the recipe of an optimistic change threw.
 * - `refused` (final): the status says not to come back (401 twice, 403, 404, 410 and other 4xx).
 * - `ended` (final): the server ended the stream for good, with 204 or `state.end`.
 * - `diverged` (final): new snapshots did not help.
 * - `closed` (final): `close()` was called before there was a state, or while `reached` waited.
 * - `position-lost`: the server has lost the write that `reached` waited for, or does not know whether it has it.
 * - `invalid-event-id`: `reached` was given something that is not an event ID.
 */
export type StateClientErrorCode =
  | "network"
  | "timeout"
  | "http"
  | "not-a-stream"
  | "protocol"
  | "resync"
  | "headers"
  | "listener"
  | "refused"
  | "ended"
  | "diverged"
  | "closed"
  | "position-lost"
  | "invalid-event-id";

/** The one error class of the client. Its message begins with the stream's URL, without the query, which may hold secrets. */
export class StateClientError extends Error {
  override readonly name = "StateClientError";
  readonly code: StateClientErrorCode;
  /** The HTTP status, where there was an answer. */
  readonly httpStatus: number | undefined;
  /** Milliseconds: the answer's `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: StateClientErrorCode,
    message: string,
    details: { httpStatus?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, details);
    this.code = code;
    this.httpStatus = details.httpStatus;
    this.retryAfterMs = details.retryAfterMs;
  }
}
