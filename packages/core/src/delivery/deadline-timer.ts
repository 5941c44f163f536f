import type { Clock } from "../support/clock.ts";

/** One timer for the earliest of many deadlines. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  /** Milliseconds elapsed. */
  #at = Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Makes it fire at `at`, in milliseconds elapsed, if it would fire later. `now`: the same clock. */
  arm(at: number, now: number): void {
    if (at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#clock.after(Math.max(0, at - now), () => {
      this.#at = Infinity;
      this.#onDue();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#at = Infinity;
  }
}
