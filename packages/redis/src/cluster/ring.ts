import type { Commit, Position } from "./engine.ts";

/** How long, and how many, entries are of use to clients that come back; beyond, a snapshot costs less. */
const WINDOW_MS = 5 * 60_000;
const WINDOW_ENTRIES = 500;

/** Bytes that are kept for clients whatever a snapshot costs. */
const MIN_WINDOW_BYTES = 64 * 1024;

/** What a writer can give an engine again that has lost it: no more than this, in bytes. */
const REPAIR_BYTES = 4 * 1024 * 1024;

interface Kept {
  readonly entry: Commit;
  readonly at: number;
  /** Bytes of all entries up to this one. */
  readonly total: number;
}

/** The newest entries that the engine has: what it keeps for clients that come back, and what it can be given again. */
export class Ring {
  #kept: Kept[] = [];
  #total = 0;
  /** How many of the oldest are outside the window. */
  #outside = 0;
  /** Bytes of the newest checkpoint: replaying more than that helps nobody. */
  #snapshotBytes = 0;

  /** Those a client that comes back may need. */
  get window(): Commit[] {
    return this.#kept.slice(this.#outside).map(({ entry }) => entry);
  }

  /** The engine may forget entries that end before this seq. */
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
    // Copied when half of it is useless: constant per entry.
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

  /** Takes out the entries that follow a position; `undefined` when it is not one of theirs. */
  takeAfter({ epoch, seq }: Position): Commit[] | undefined {
    const index = this.#kept.findIndex(({ entry }) => entry.first === seq + 1 && entry.previous === epoch);
    if (index < 0) return undefined;
    const taken = this.#kept.splice(index);
    this.#total = this.#kept.at(-1)?.total ?? 0;
    this.#outside = Math.min(this.#outside, this.#kept.length);
    return taken.map(({ entry }) => entry);
  }
}
