import type { Entry } from "./entry.ts";
import type { Names } from "./slice-tracks.ts";

/** The entries that a log still holds: the newest ones, one per seq, so that a range and its bytes are found at once. */
export class HeldEntries {
  /** Entries from `#start` on are held. Dropped entries are released at once; the array is shortened now and then. */
  #entries: (Entry | undefined)[] = [];
  #start = 0;
  #total = 0;

  get count(): number {
    return this.#entries.length - this.#start;
  }

  /** How many bytes their bodies have. */
  get bytes(): number {
    return this.#bytesFrom(this.#start);
  }

  get oldest(): Entry | undefined {
    return this.#entries[this.#start];
  }

  /** Bytes of all bodies up to the newest one, dropped ones included. */
  get total(): number {
    return this.#total;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#total = entry.total;
  }

  dropOldest(): void {
    this.#entries[this.#start++] = undefined;
    // The array is copied once for every half of it that was dropped: constant time per entry.
    if (this.#start <= 64 || this.#start * 2 <= this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
  }

  dropAll(): void {
    this.#entries = [];
    this.#start = 0;
    this.#total = 0;
  }

  /** The entries after `position` of these slices. */
  after(position: number, names: Names): Entry[] {
    const entries = this.#entries.slice(this.#indexAfter(position)) as Entry[];
    return names === undefined ? entries : entries.filter((entry) => names.has(entry.slice));
  }

  /** The bytes of the bodies of those entries. */
  cost(position: number, names: Names): number {
    if (names !== undefined) return this.after(position, names).reduce((sum, entry) => sum + entry.body.length, 0);
    return this.#bytesFrom(this.#indexAfter(position));
  }

  #bytesFrom(index: number): number {
    const first = this.#entries[index];
    return first === undefined ? 0 : this.#total - first.total + first.body.length;
  }

  #indexAfter(position: number): number {
    return this.oldest === undefined ? this.#start : this.#start + Math.max(0, position + 1 - this.oldest.seq);
  }
}
