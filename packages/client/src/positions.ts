import type { StateClientErrorCode } from "./errors.ts";

/** Failovers that are remembered. */
const MAX_EPOCHS = 16;

interface Waiter {
  readonly epoch: string;
  readonly seq: number;
  readonly settle: Settle;
}

/** Called once: without a code when the position was reached. Synchronously, so before readers see the commit. */
export type Settle = (code?: StateClientErrorCode) => void;

/**
 * Which positions the copy has reached, and who waits for one. A seq counts within its epoch only: after a failover the log
 * may go on from an earlier position, so a higher seq does not mean that a write of the old epoch is in it.
 */
export class Positions {
  /** The last position reached in each epoch, the current epoch last. */
  readonly #reached = new Map<string, number>();
  #epoch: string | undefined;
  readonly #waiters = new Set<Waiter>();

  /** Waits until the position is reached or lost. The function returned stops that. `onWait` runs if it was neither. */
  wait(eventId: string, settle: Settle, onWait: () => void): () => void {
    const { epoch, seq } = partsOf(eventId);
    const waiter = { epoch, seq, settle };
    if (epoch === "" || !(seq >= 0)) settle("invalid-event-id");
    else if (!this.#judge(waiter, false)) {
      this.#waiters.add(waiter);
      onWait();
    }
    return () => void this.#waiters.delete(waiter);
  }

  /**
   * The copy has everything up to an event ID.
   *
   * @param restarted it comes of a snapshot because the server does not have the client's position, or repaired itself
   */
  reach(eventId: string, restarted: boolean): void {
    const { epoch, seq, isOpen } = partsOf(eventId);
    // After this event, more must follow before there is a state with a name.
    if (isOpen) return;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      const known = this.#reached.get(epoch) ?? 0;
      this.#reached.delete(epoch);
      this.#reached.set(epoch, known);
      for (const oldest of this.#reached.keys()) if (this.#reached.size > MAX_EPOCHS) this.#reached.delete(oldest);
    }
    this.#reached.set(epoch, restarted ? seq : Math.max(seq, this.#reached.get(epoch) ?? 0));
    for (const waiter of this.#waiters) if (this.#judge(waiter, restarted)) this.#waiters.delete(waiter);
  }

  /** Settles all that wait. */
  close(): void {
    for (const waiter of this.#waiters) waiter.settle("closed");
    this.#waiters.clear();
  }

  /** Whether a waiter was settled. */
  #judge({ epoch, seq, settle }: Waiter, restarted: boolean): boolean {
    const reached = this.#reached.get(epoch);
    if (reached !== undefined && reached >= seq) settle();
    // An epoch that is over gets no further. One that was never seen may be the next.
    else if (restarted || (reached !== undefined && epoch !== this.#epoch)) settle("position-lost");
    else return false;
    return true;
  }
}

/** `<epoch>.<seq>.<selection>.-`: the selection may be empty or absent, the mark of an open position too. */
function partsOf(eventId: string): { epoch: string; seq: number; isOpen: boolean } {
  const [epoch = "", seq = "", , mark] = String(eventId).split(".");
  return { epoch, seq: parseInt(seq, 36), isOpen: mark === "-" };
}

/** Whether an event ID is of a connection that is narrowed to some slices. */
export function isNarrowed(eventId: string | undefined): boolean {
  return Boolean(eventId?.split(".")[2]);
}
