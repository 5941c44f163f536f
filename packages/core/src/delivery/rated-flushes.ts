import type { Clock } from "../support/clock.ts";
import type { Audience } from "./audience.ts";
import { DeadlineTimer } from "./deadline-timer.ts";

/** How much earlier than it was set for a timer may fire, in milliseconds. */
const EARLY_MS = 1;

/** The audiences of one rate: those with a change that is not due yet wait for a tick that all of them share. */
class Rate {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #flush: (audience: Audience) => void;
  readonly #timer: DeadlineTimer;
  readonly #waiting = new Set<Audience>();

  constructor(rateHz: number, clock: Clock, flush: (audience: Audience) => void) {
    this.#intervalMs = 1000 / rateHz;
    this.#clock = clock;
    this.#flush = flush;
    this.#timer = new DeadlineTimer(clock, () => this.#tick());
  }

  add(audience: Audience): void {
    // Under constant change it stays with the others of its rate, whenever its own first change was.
    if (this.#waiting.has(audience)) return;
    if (this.#isDue(audience)) return this.#flush(audience);
    this.#waiting.add(audience);
    this.#arm();
  }

  delete(audience: Audience): void {
    this.#waiting.delete(audience);
    if (this.#waiting.size === 0) this.#timer.stop();
  }

  #isDue({ flushedAt }: Audience): boolean {
    return this.#clock.elapsed() >= flushedAt + this.#intervalMs - EARLY_MS;
  }

  #tick(): void {
    for (const audience of this.#waiting) {
      if (!this.#isDue(audience)) continue;
      this.#waiting.delete(audience);
      this.#flush(audience);
    }
    if (this.#waiting.size > 0) this.#arm();
  }

  /** At the next multiple of the interval for every waiting audience, so that all of them flush together with one timer. */
  #arm(): void {
    const elapsed = this.#clock.elapsed();
    this.#timer.arm((Math.floor((elapsed + EARLY_MS) / this.#intervalMs) + 1) * this.#intervalMs, elapsed);
  }
}

/** Flushes each audience that has a rate at most so often: its first change at once, and its last one always. */
export class RatedFlushes {
  readonly #clock: Clock;
  readonly #flush: (audience: Audience) => void;
  readonly #rates = new Map<number, Rate>();

  constructor(clock: Clock, flush: (audience: Audience) => void) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** The audience has a change. */
  add(audience: Audience, rateHz: number): void {
    let rate = this.#rates.get(rateHz);
    if (rate === undefined) this.#rates.set(rateHz, (rate = new Rate(rateHz, this.#clock, this.#flush)));
    rate.add(audience);
  }

  delete(audience: Audience): void {
    if (audience.rateHz !== undefined) this.#rates.get(audience.rateHz)?.delete(audience);
  }
}
