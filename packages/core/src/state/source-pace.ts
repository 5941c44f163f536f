import type { Clock } from "../support/clock.ts";

/** Runs a task at most so often: at once where it has not run for an interval, else at its end. */
export class SourcePace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #run: () => void;
  #ranAt = -Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, rateHz: number, run: () => void) {
    this.#clock = clock;
    this.#intervalMs = 1000 / rateHz;
    this.#run = run;
  }

  /** There is something to do. */
  request(): void {
    if (this.#cancel !== undefined) return;
    const waitMs = this.#ranAt + this.#intervalMs - this.#clock.elapsed();
    if (waitMs <= 0) this.#now();
    else this.#cancel = this.#clock.after(waitMs, () => this.#now());
  }

  /** Does not run any more; says whether there is something to do. */
  stop(): boolean {
    const isWaiting = this.#cancel !== undefined;
    this.#cancel?.();
    return isWaiting;
  }

  #now(): void {
    this.#cancel = undefined;
    this.#ranAt = this.#clock.elapsed();
    this.#run();
  }
}
