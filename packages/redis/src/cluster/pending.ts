import type { Commit } from "./engine.ts";

/** The most bytes that are kept; where there are more, the difference is published as one change. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The most that one call carries. */
const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_BATCH_ENTRIES = 128;

/** Entries that the engine is not known to have, oldest first. */
export class Pending {
  #entries: Commit[] = [];
  #bytes = 0;
  #dropped = 0;

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

  add(entry: Commit): void {
    if (this.overflowed) {
      this.#dropped++;
      return;
    }
    this.#entries.push(entry);
    this.#bytes += entry.body.length;
    // A single entry is kept whatever its size, since the difference would not be smaller.
    if (this.#bytes <= MAX_BYTES || this.#entries.length === 1) return;
    this.#dropped = this.#entries.length;
    this.#set([]);
  }

  /** Adds entries that the engine had and has lost, before all others. */
  prepend(entries: readonly Commit[]): void {
    this.#set([...entries, ...this.#entries]);
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
    this.#set(this.#entries.slice(count));
  }

  clear(): void {
    this.#dropped = 0;
    this.#set([]);
  }

  #set(entries: Commit[]): void {
    this.#entries = entries;
    this.#bytes = entries.reduce((sum, { body }) => sum + body.length, 0);
  }
}
