/**
 * What went wrong, as a stable word to branch on.
 *
 * - `invalid-option`: an option or argument has the wrong type or range.
 * - `invalid-state`: the whole state is not a plain object of slices.
 * - `not-serializable`: JSON cannot carry a slice's value (cycle, BigInt, throwing getter or `toJSON`, too deep).
 * - `invalid-patch`: an operation is malformed or does not fit the slice.
 * - `unknown-slice`: `patch` on a slice that is absent.
 * - `slices-failed`: the `slices` function threw or gave no list of names; the change was withheld.
 * - `project-failed`: the function that makes a view threw, was async, or gave no object; the view's changes are withheld.
 * - `source-failed`: the source's `getState` or unsubscribe threw.
 * - `differ-failed`: the `differ` threw; the value was sent instead.
 * - `cause-failed`: the `cause` function threw or gave what JSON cannot carry; the event went without a cause.
 * - `listener-failed`: a callback given to a connection threw.
 * - `async-batch`: `batch` was given an async function.
 * - `stream-closed`: the stream was changed after `close()`.
 * - `response-started`: an adapter was called for a response whose headers have been sent.
 * - `invalid-commit`: a commit of another server's log cannot be used; the copy is read anew.
 * - `not-leading`: a writer was called to make a change while another server leads the stream.
 * - `has-leader`: `update` of a stream that a writer leads.
 * - `timeout`: a write was not confirmed in time; it may still take effect.
 * - `command-failed`: the handler of a command threw on the server that leads the stream.
 * - `backplane-failed`: what connects the servers failed; it is tried again.
 */
export type StateStreamErrorCode =
  | "invalid-option"
  | "invalid-state"
  | "not-serializable"
  | "invalid-patch"
  | "unknown-slice"
  | "slices-failed"
  | "project-failed"
  | "source-failed"
  | "differ-failed"
  | "cause-failed"
  | "listener-failed"
  | "async-batch"
  | "stream-closed"
  | "response-started"
  | "invalid-commit"
  | "not-leading"
  | "has-leader"
  | "timeout"
  | "command-failed"
  | "backplane-failed";

/** The one error class of the library. `message` names the given value, the expected one and the remedy. */
export class StateStreamError extends Error {
  override readonly name = "StateStreamError";
  /** What went wrong, as a stable word. */
  readonly code: StateStreamErrorCode;
  /** The slice it happened to, where there is one. */
  readonly slice: string | undefined;

  constructor(code: StateStreamErrorCode, message: string, details: { slice?: string; cause?: unknown } = {}) {
    super(message, details);
    this.code = code;
    this.slice = details.slice;
  }
}

export function invalidOption(message: string): StateStreamError {
  return new StateStreamError("invalid-option", message);
}

/**
 * A message to the programmer about something that was caught: what failed, the caught error's text, and the
 * consequence, with exactly one full stop between them. Never sent to a client.
 *
 * @example withCause("The differ threw", error, "The value was sent instead.")
 */
export function withCause(failed: string, thrown: unknown, consequence = ""): string {
  const text = textOf(thrown).trim() || "without a message";
  const stop = /[.!?\u2026]["')\]]?$/.test(text) ? "" : ".";
  return `${failed}: ${text}${stop} ${consequence}`.trimEnd();
}

/** The text of anything thrown. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    // An object without a prototype, or with a throwing toString, has no text; this must not throw in its turn.
    return "something without a text";
  }
}
