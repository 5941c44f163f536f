import type { Commit } from "./engine.ts";

/** They hold no more than this, in bytes; beyond, what changed is told as one difference. */
const MAX_BYTES = 8 * 1024 * 1024;

/** What one call carries. */
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

  /** How many there are, those included that were too many to hold. */
  get count(): number {
    return this.#dropped + this.#entries.length;
  }

  /** There were too many: they were dropped, and so are all that come, until `clear`. */
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
    // A single one is as small as it gets: its difference would be no smaller.
    if (this.#bytes <= MAX_BYTES || this.#entries.length === 1) return;
    this.#dropped = this.#entries.length;
    this.#set([]);
  }

  /** Entries that the engine had, and has lost: they come before the others. */
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
