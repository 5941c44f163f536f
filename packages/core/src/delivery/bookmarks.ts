import type { Clock } from "../support/clock.ts";
import type { Audience } from "./audience.ts";
import { DeadlineTimer } from "./deadline-timer.ts";

/** How long after a commit that an audience does not see in full its clients wait for a bookmark at most, in milliseconds. */
const INTERVAL_MS = 250;

/**
 * Brings the clients that asked for it up to positions that no event of their selection has: a heartbeat follows the
 * commits after which it is due, at most four a second. A client that waits for a position learns so that it has it.
 */
export class Bookmarks {
  readonly #clock: Clock;
  readonly #log: { readonly head: number };
  readonly #timer: DeadlineTimer;
  /** With the position up to which each was brought. */
  readonly #audiences = new Map<Audience, number>();
  #sentAt = -Infinity;

  constructor(clock: Clock, log: { readonly head: number }) {
    this.#clock = clock;
    this.#log = log;
    this.#timer = new DeadlineTimer(clock, () => this.#send());
  }

  add(audience: Audience): void {
    this.#audiences.set(audience, this.#log.head);
  }

  delete(audience: Audience): void {
    this.#audiences.delete(audience);
    if (this.#audiences.size === 0) this.#timer.stop();
  }

  /** The log has a commit more. */
  published(): void {
    if (this.#audiences.size === 0) return;
    const elapsed = this.#clock.elapsed();
    this.#timer.arm(Math.max(elapsed, this.#sentAt + INTERVAL_MS), elapsed);
  }

  #send(): void {
    this.#sentAt = this.#clock.elapsed();
    let waits = false;
    for (const [audience, sent] of this.#audiences) {
      if (this.#log.head <= Math.max(audience.head, sent)) continue;
      if (audience.released < audience.head) {
        // What it has selected is not due at its rate yet, and comes before anything later.
        waits = true;
        continue;
      }
      this.#audiences.set(audience, this.#log.head);
      for (const connection of audience.connections) connection.beat(this.#clock.now());
    }
    if (waits) this.published();
  }
}
