import type { CommitBudget } from "./commit-budget.ts";
import type { Commit } from "./engine.ts";

/** The most bytes that are kept of one stream; where there are more, the difference is published as one change. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The most that one call carries. */
const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_BATCH_ENTRIES = 128;

/** Entries that the engine is not known to have, oldest first. */
export class Pending {
  readonly #budget: CommitBudget;
  #entries: Commit[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(budget: CommitBudget) {
    this.#budget = budget;
  }

  get entries(): readonly Commit[] {
    return this.#entries;
  }

  /** How many there are, including those that were too many to keep. */
  get count(): number {
    return this.#dropped + this.#entries.length;
  }

  /** There were too many: all entries are dropped until `clear`. */
  get overflowed(): boolean {
    return this.#dropped > 0;
  }

  add(entry: Commit, now: number): void {
    if (this.overflowed) {
      this.#dropped++;
      return;
    }
    this.#entries.push(entry);
    this.#bytes += entry.body.length;
    this.#budget.add([entry], now);
    // A single entry is kept whatever its size, since the difference would not be smaller.
    if ((this.#bytes <= MAX_BYTES && !this.#budget.isExceeded) || this.#entries.length === 1) return;
    this.#dropped = this.#entries.length;
    this.#empty();
  }

  /** Adds entries that the engine had and has lost, before all others. */
  prepend(entries: readonly Commit[], now: number): void {
    this.#budget.add(entries, now);
    this.#entries = [...entries, ...this.#entries];
    this.#bytes += sizeOf(entries);
  }

  /** The first ones, as many as one call carries. */
  batch(): Commit[] {
    let bytes = 0;
    let count = 0;
    for (const { body } of this.#entries) {
      bytes += body.length;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || count >= MAX_BATCH_ENTRIES)) break;
      count++;
    }
    return this.#entries.slice(0, count);
  }

  /** The engine has the first `count`. */
  accept(count: number): void {
    this.#budget.remove(this.#entries.slice(0, count));
    this.#entries = this.#entries.slice(count);
    this.#bytes = sizeOf(this.#entries);
  }

  clear(): void {
    this.#dropped = 0;
    this.#empty();
  }

  #empty(): void {
    this.#budget.remove(this.#entries);
    this.#entries = [];
    this.#bytes = 0;
  }
}

function sizeOf(entries: readonly Commit[]): number {
  return entries.reduce((sum, { body }) => sum + body.length, 0);
}
