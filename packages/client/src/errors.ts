/**
 * What went wrong, as a stable word. Those marked final close the client; after the others it goes on by itself.
 *
 * - `network`: the request failed, or the connection broke.
 * - `timeout`: nothing came for two and a half heartbeats.
 * - `http`: the server, or something before it, answered with a status that may pass (429, 5xx, 401 the first time).
 * - `not-a-stream`: the answer was no event stream: a proxy's page, for example.
 * - `protocol`: an event that is not one of the protocol's; the state was asked for anew.
 * - `resync`: a change did not fit the copy; the state was asked for anew.
 * - `headers`: the option `headers` threw.
 * - `listener`: a subscriber or `onEvent` threw.
 * - `refused` (final): the status says not to come back (401 twice, 403, 404, 410 and other 4xx).
 * - `ended` (final): the server ended the stream for good, with 204 or `state.end`.
 * - `diverged` (final): asking anew did not help.
 * - `closed` (final): `close()` was called before there was a state.
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
  | "closed";

/** The one error class of the client. */
export class StateClientError extends Error {
  override readonly name = "StateClientError";
  readonly code: StateClientErrorCode;
  /** The HTTP status, where there was an answer. */
  readonly httpStatus: number | undefined;
  /** Milliseconds: what the answer's `Retry-After` asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: StateClientErrorCode,
    message: string,
    details: { httpStatus?: number; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, details);
    this.code = code;
    this.httpStatus = details.httpStatus;
    this.retryAfterMs = details.retryAfterMs;
  }
}
