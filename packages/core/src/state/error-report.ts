import { type StateStreamError, withCause } from "../support/errors.ts";
import { warn } from "../support/warn.ts";
import type { Settings } from "./options.ts";

/** Where a stream's errors go: to `onError`; without it, to one process warning per code. */
export class ErrorReport<S extends object> {
  /** How many errors were reported. */
  count = 0;
  readonly #settings: Settings<S>;
  readonly #warned = new Set<string>();

  constructor(settings: Settings<S>) {
    this.#settings = settings;
  }

  report(error: StateStreamError): void {
    this.count++;
    const { onError } = this.#settings;
    try {
      if (onError === undefined) this.#warn(error.code, error.message);
      else onError(error);
    } catch (thrown) {
      this.#warn("onError", withCause("The option onError threw", thrown));
    }
  }

  #warn(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    warn(text);
  }
}
