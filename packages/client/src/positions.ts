import type { StateClientErrorCode } from "./errors.ts";

/** Epochs that are remembered. A server names up to 32 at once. */
const MAX_EPOCHS = 64;

interface Waiter {
  readonly epoch: string;
  readonly seq: number;
  /** The epoch of the copy when it began to wait. */
  readonly since: string | undefined;
  readonly settle: Settle;
}

/** Called once: without a code when the position was reached. Synchronously, so before readers see the commit. */
export type Settle = (code?: StateClientErrorCode) => void;

/**
 * Which positions the copy has reached, and who waits for one. A seq counts within its epoch only: after a failover the log
 * may go on from an earlier position, so a higher seq does not mean that a write of the old epoch is in it.
 */
export class Positions {
  /** The last position reached in each epoch, the current epoch last; -1 where the copy may have nothing of it any more. */
  readonly #reached = new Map<string, number>();
  #epoch: string | undefined;
  readonly #waiters = new Set<Waiter>();

  /** Waits until the position is reached or lost. The function returned stops that. */
  wait(eventId: string, settle: Settle): () => void {
    const { epoch, seq } = partsOf(eventId);
    const waiter = { epoch, seq, since: this.#epoch, settle };
    if (epoch === "" || !(seq >= 0)) settle("invalid-event-id");
    else if (!this.#judge(waiter)) this.#waiters.add(waiter);
    return () => void this.#waiters.delete(waiter);
  }

  /**
   * The copy has everything up to an event ID, if there is one, and up to the ends of earlier epochs.
   *
   * @param restarted it comes of a snapshot because the server does not have the client's position, or repaired itself
   */
  reach(eventId: string | undefined, ended: readonly string[], restarted: boolean): void {
    if (restarted) for (const epoch of this.#reached.keys()) this.#reached.set(epoch, -1);
    for (const end of ended) this.#raise(partsOf(end));
    const parts = partsOf(eventId);
    // After an open position more must follow before there is a state with a name.
    if (eventId !== undefined && !parts.isOpen) {
      this.#epoch = parts.epoch;
      this.#raise(parts);
    }
    for (const oldest of this.#reached.keys()) if (this.#reached.size > MAX_EPOCHS) this.#reached.delete(oldest);
    for (const waiter of this.#waiters) if (this.#judge(waiter, restarted)) this.#waiters.delete(waiter);
  }

  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** Settles all that wait. */
  close(): void {
    for (const waiter of this.#waiters) waiter.settle("closed");
    this.#waiters.clear();
  }

  #raise({ epoch, seq }: { epoch: string; seq: number }): void {
    const reached = this.#reached.get(epoch) ?? -1;
    this.#reached.delete(epoch);
    this.#reached.set(epoch, Math.max(seq, reached));
  }

  /** Whether a waiter was settled. */
  #judge(waiter: Waiter, restarted = false): boolean {
    if ((this.#reached.get(waiter.epoch) ?? -1) >= waiter.seq) waiter.settle();
    else if (restarted || this.#isOver(waiter)) waiter.settle("position-lost");
    else return false;
    return true;
  }

  /** Whether the copy is past the place where a position would have been that it has not reached. */
  #isOver({ epoch, seq, since }: Waiter): boolean {
    // An epoch that was never seen may be the next, unless another one has taken the place of this position since.
    if (!this.#reached.has(epoch)) return this.#epoch !== since && seq <= (this.#reached.get(this.#epoch ?? "") ?? -1);
    return epoch !== this.#epoch;
  }
}

/** `<epoch>.<seq>.<selection>.-`: the selection may be empty or absent, the mark of an open position too. */
function partsOf(eventId: string | undefined): { epoch: string; seq: number; isOpen: boolean } {
  const [epoch = "", seq = "", , mark] = String(eventId).split(".");
  return { epoch, seq: parseInt(seq, 36), isOpen: mark === "-" };
}

/** Whether an event ID is of a connection that is narrowed to some slices. */
export function isNarrowed(eventId: string | undefined): boolean {
  return Boolean(eventId?.split(".")[2]);
}
