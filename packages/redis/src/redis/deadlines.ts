/** A deadline has so many parts, each of which counts once, however long this process was busy with something else in it. */
const PARTS = 10;

/** Calls that wait behind others, which are answered meanwhile, may take so many times longer. */
const PATIENCE = 10;

interface Deadline {
  readonly slot: number;
  /** The part in which the call began. */
  readonly since: number;
  readonly onLate: () => void;
}

/**
 * The deadlines of the calls on one connection. Those for one slot are answered in order, and in a cluster another server may serve
 * other slots. They count from the last answer, so that the time for which a call waits behind others does not count.
 */
export class Deadlines {
  readonly #partMs: number;
  /** Oldest first. */
  readonly #deadlines = new Set<Deadline>();
  #part = 0;
  /** By slot. */
  readonly #answeredIn = new Map<number, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(ms: number) {
    this.#partMs = ms / PARTS;
  }

  /** Calls `onLate` once if the deadline passes before the returned function is called. */
  start(onLate: () => void, slot = 0): () => void {
    const deadline = { slot, since: this.#part, onLate };
    this.#deadlines.add(deadline);
    this.#timer ??= setInterval(() => this.#tick(), this.#partMs).unref();
    return () => void this.#deadlines.delete(deadline);
  }

  /** A call was answered. */
  answered(slot = 0): void {
    this.#answeredIn.set(slot, this.#part);
  }

  #tick(): void {
    this.#part++;
    for (const deadline of this.#deadlines) {
      const { slot, since, onLate } = deadline;
      const answeredIn = this.#answeredIn.get(slot) ?? 0;
      const isLate = this.#part - Math.max(since, answeredIn) > PARTS || this.#part - since > PARTS * PATIENCE;
      if (!isLate) continue;
      this.#deadlines.delete(deadline);
      onLate();
    }
    if (this.#deadlines.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
