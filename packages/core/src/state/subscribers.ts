import type { Clock } from "../support/clock.ts";
import { guard, type Reporter } from "../delivery/listener.ts";
import { invalidOption } from "../support/errors.ts";

/** The listeners of `stream.subscribe`: called once per flush, in a later turn than the changes. */
export class Subscribers {
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  /** One object per call of `add`, so that the same function can be added twice. */
  readonly #subscriptions = new Set<{ readonly listener: () => void }>();
  #scheduled = false;

  constructor(clock: Clock, reporter: Reporter) {
    this.#clock = clock;
    this.#reporter = reporter;
  }

  /** @throws {StateStreamError} `invalid-option` */
  add(listener: () => void): () => void {
    if (typeof listener !== "function") {
      throw invalidOption(`subscribe was given ${typeof listener}; it needs a function.`);
    }
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }

  /** Calls every listener in a later turn, however often this is called until then. */
  schedule(): void {
    if (this.#scheduled || this.#subscriptions.size === 0) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      // A copy: a listener added by another has seen this state, one removed by another is not called any more.
      for (const subscription of Array.from(this.#subscriptions)) {
        if (this.#subscriptions.has(subscription))
          guard(this.#reporter, subscription.listener, "A listener given to subscribe");
      }
    });
  }
}
