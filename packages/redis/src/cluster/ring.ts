import type { Commit, Position } from "./engine.ts";

/** How long, and how many, entries are useful to clients that reconnect; for anything older, a snapshot costs less. */
const WINDOW_MS = 5 * 60_000;
const WINDOW_ENTRIES = 500;

/** So many bytes are kept for clients even where a snapshot is smaller. */
const MIN_WINDOW_BYTES = 64 * 1024;

/** The most bytes that a writer can publish again after the engine has lost them. */
const REPAIR_BYTES = 4 * 1024 * 1024;

interface Kept {
  readonly entry: Commit;
  readonly at: number;
  /** Bytes of all entries up to this one. */
  readonly total: number;
}

/** The newest entries that the engine has: those it keeps for clients that reconnect, and those that can be published again. */
export class Ring {
  #kept: Kept[] = [];
  #total = 0;
  /** How many of the oldest entries are outside the window. */
  #outside = 0;
  /** Bytes of the newest checkpoint: a client that needs more than that is sent a snapshot. */
  #snapshotBytes = 0;

  /** The entries that a client that reconnects may need. */
  get window(): Commit[] {
    return this.#kept.slice(this.#outside).map(({ entry }) => entry);
  }

  /** The engine may trim entries that end before this seq. */
  get keepFrom(): number {
    return this.#kept[this.#outside]?.entry.first ?? 0;
  }

  add(entries: readonly Commit[], now: number): void {
    for (const entry of entries) {
      this.#total += entry.body.length;
      this.#kept.push({ entry, at: now, total: this.#total });
    }
    const most = Math.max(MIN_WINDOW_BYTES, this.#snapshotBytes);
    const inside = ({ at, total }: Kept, index: number): boolean =>
      this.#kept.length - index <= WINDOW_ENTRIES && this.#total - total < most && now - at <= WINDOW_MS;
    while (this.#outside < this.#kept.length - 1 && !inside(this.#kept[this.#outside] as Kept, this.#outside))
      this.#outside++;
    let useless = 0;
    while (useless < this.#outside && this.#total - (this.#kept[useless] as Kept).total >= REPAIR_BYTES) useless++;
    // Copied only when half of it is useless, so that the cost per entry is constant.
    if (useless * 2 <= this.#kept.length) return;
    this.#kept = this.#kept.slice(useless);
    this.#outside = Math.max(0, this.#outside - useless);
  }

  measured(snapshotBytes: number): void {
    this.#snapshotBytes = snapshotBytes;
  }

  clear(): void {
    this.#kept = [];
    this.#total = 0;
    this.#outside = 0;
  }

  /** Removes and returns the entries that follow a position; `undefined` where none of them builds on it. */
  takeAfter({ epoch, seq }: Position): Commit[] | undefined {
    const index = this.#kept.findIndex(({ entry }) => entry.first === seq + 1 && entry.previous === epoch);
    if (index < 0) return undefined;
    const taken = this.#kept.splice(index);
    this.#total = this.#kept.at(-1)?.total ?? 0;
    this.#outside = Math.min(this.#outside, this.#kept.length);
    return taken.map(({ entry }) => entry);
  }
}
