import type { Clock } from "@statestream/core/backplane";

/** The time between two moments at which leases of this node may be renewed or tried for, in milliseconds. */
export function gridOf(leaseMs: number): number {
  return leaseMs / 6;
}

export interface LeaseEvents {
  /** The lease ran out before it was renewed: another writer may lead by now. */
  suspended(): void;
  /** A lease that had run out was renewed, and nobody led meanwhile. */
  resumed(): void;
}

/**
 * The lease of one session, as its writer sees it. It counts from when the call that took or renewed it was sent, so it never
 * ends later here than in the engine.
 */
export class Lease {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #events: LeaseEvents;
  /** When the last call that took or renewed it was sent: milliseconds elapsed. */
  #takenAt: number;
  #isWatched = false;
  #isSuspended = false;
  #cancelExpiry: (() => void) | undefined;

  constructor(clock: Clock, ms: number, takenAt: number, events: LeaseEvents) {
    this.#clock = clock;
    this.#ms = ms;
    this.#takenAt = takenAt;
    this.#events = events;
  }

  /** Whether no other writer can lead yet. */
  get isHeld(): boolean {
    return this.#clock.elapsed() < this.#takenAt + this.#ms;
  }

  /** Whether the lease ran out and has not been renewed since. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** When the next renewal is due: milliseconds elapsed. The renewals of a node are due at the same times, so that they share calls. */
  get renewAt(): number {
    const grid = gridOf(this.#ms);
    return Math.floor((this.#takenAt + this.#ms / 3) / grid) * grid;
  }

  /** Emits `suspended` and `resumed` from now on. */
  watch(): void {
    this.#isWatched = true;
    this.#arm();
  }

  /** A call that was sent at `sentAt` renewed it. */
  renewed(sentAt: number): void {
    if (this.#isWatched && !this.isHeld) this.#suspend();
    this.#takenAt = sentAt;
    if (!this.#isWatched || !this.isHeld) return;
    this.#arm();
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#events.resumed();
  }

  /** Emits nothing more. */
  end(): void {
    this.#isWatched = false;
    this.#cancelExpiry?.();
  }

  #arm(): void {
    this.#cancelExpiry?.();
    const remaining = this.#takenAt + this.#ms - this.#clock.elapsed();
    this.#cancelExpiry = this.#clock.after(Math.max(1, remaining), () => {
      // Timers may fire a little early.
      if (this.isHeld) this.#arm();
      else this.#suspend();
    });
  }

  #suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#events.suspended();
  }
}
