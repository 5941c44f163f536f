import { StateStreamError, withCause } from "../support/errors.ts";

export interface Reporter {
  report(error: StateStreamError): void;
}

/** Calls a callback of the application; what it throws is reported, and harms nobody else. `what` names it in the report. */
export function guard(
  reporter: Reporter,
  callback: (() => void) | undefined,
  what = "A callback given to a connection",
): void {
  try {
    callback?.();
  } catch (cause) {
    const message = withCause(`${what} threw`, cause, "The stream continues.");
    reporter.report(new StateStreamError("listener-failed", message, { cause }));
  }
}

/** The one listener of a connection, called at most once between two reads. */
export class Listener {
  readonly #reporter: Reporter;
  #fn: (() => void) | undefined;
  #notified = false;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Replaces the listener. Returns how to remove it. */
  set(fn: () => void): () => void {
    this.#fn = fn;
    this.#notified = false;
    return () => {
      if (this.#fn === fn) this.#fn = undefined;
    };
  }

  /** The next `notify` calls the listener again. */
  rearm(): void {
    this.#notified = false;
  }

  notify(): void {
    if (this.#notified || this.#fn === undefined) return;
    this.#notified = true;
    guard(this.#reporter, this.#fn);
  }
}
