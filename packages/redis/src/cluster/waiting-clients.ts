import type { Clock, FollowedStream } from "@statestream/core/backplane";

/** How long the engine gets to return to the position of this node, in milliseconds: its writer restores it meanwhile. */
export const REPAIR_MS = 2000;

/** How often to check whether waiting clients can be answered, in milliseconds. */
const LOOK_MS = 250;

/** A client of a stream whose read is queued on this node waits at most so many times longer. */
const PATIENCE = 6;

/** Clients that wait: for the first state, or until it is known whether their position belongs to this stream. */
export class WaitingClients {
  readonly #stream: FollowedStream;
  readonly #clock: Clock;
  readonly #joinMs: number;
  readonly #readSoon: () => void;
  readonly #isOnItsWay: () => boolean;
  #cancelLook: (() => void) | undefined;

  /** `isOnItsWay`: the read is under way or has a place in the queue, and others succeed meanwhile. */
  constructor(
    stream: FollowedStream,
    clock: Clock,
    joinMs: number,
    { readSoon, isOnItsWay }: { readonly readSoon: () => void; readonly isOnItsWay: () => boolean },
  ) {
    this.#stream = stream;
    this.#clock = clock;
    this.#joinMs = joinMs;
    this.#readSoon = readSoon;
    this.#isOnItsWay = isOnItsWay;
  }

  /** A client has begun to wait. */
  came(): void {
    this.#readSoon();
    this.#cancelLook ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  /**
   * A read that began at `askedAt` has succeeded: for clients that came before, there is nothing more to learn. A client that is
   * ahead of the engine waits longer, since it must not be sent an older state of the same lineage while a writer may restore
   * the newer one.
   */
  answer(askedAt: number): void {
    this.#stream.settle({ ahead: false, cameBy: askedAt });
    this.#stream.settle({ ahead: true, cameBy: askedAt - this.#patienceMs });
  }

  stop(): void {
    this.#cancelLook?.();
  }

  get #patienceMs(): number {
    return Math.min(REPAIR_MS, this.#joinMs / 2);
  }

  #look(): void {
    this.#cancelLook = undefined;
    const elapsed = this.#clock.elapsed();
    // Those who are sent away come back, which would make a queue on this node even longer.
    this.#stream.refuse({ cameBy: elapsed - this.#joinMs * (this.#isOnItsWay() ? PATIENCE : 1) });
    const since = this.#stream.waitingSince;
    if (since === undefined) return;
    if (elapsed - since >= this.#patienceMs) this.#readSoon();
    this.#cancelLook = this.#clock.after(LOOK_MS, () => this.#look());
  }
}
