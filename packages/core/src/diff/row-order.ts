/**
 * The longest sequence of rows that keep their order, so that the fewest rows are moved: 1 for each row in it. New rows
 * (origin -1) are not in it.
 */
export function risingRows(origins: Int32Array): Uint8Array {
  // For each length, the row with the smallest origin that ends such a sequence; for each row, the row before it there.
  const ends: number[] = [];
  const previous = new Int32Array(origins.length);
  for (let row = 0; row < origins.length; row++) {
    const origin = origins[row] as number;
    if (origin < 0) continue;
    let low = 0;
    let high = ends.length;
    // Most rows extend the longest sequence, which needs no search.
    if (high > 0 && (origins[ends[high - 1] as number] as number) < origin) low = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((origins[ends[middle] as number] as number) < origin) low = middle + 1;
      else high = middle;
    }
    previous[row] = low > 0 ? (ends[low - 1] as number) : -1;
    ends[low] = row;
  }
  const rising = new Uint8Array(origins.length);
  for (let row = ends.at(-1) ?? -1; row >= 0; row = previous[row] as number) rising[row] = 1;
  return rising;
}

/**
 * The indexes of rows while rows are moved. Each moved row has a slot at its old place and one at its new place, all in one
 * fixed order; a row's index is the number of occupied slots before its own. A Fenwick tree counts them.
 */
export class OrderedSlots {
  readonly #counts: Int32Array;
  /** The old slots, by place in the range before; the new slots, by row after. */
  readonly #origins: Int32Array;
  readonly #targets: Int32Array;

  constructor(origins: Int32Array, kept: Uint8Array, stays: Uint8Array, start: number) {
    this.#origins = new Int32Array(kept.length);
    this.#targets = new Int32Array(origins.length);
    const stayed = new Uint8Array(kept.length);
    for (let row = 0; row < origins.length; row++) {
      if (stays[row] === 1) stayed[(origins[row] as number) - start] = 1;
    }
    const occupied: number[] = [];
    let slot = 0;
    let place = 0;
    // Between two rows that stay, the new places come first, then the old ones.
    const leaveUntilStay = (): void => {
      for (; place < kept.length && stayed[place] === 0; place++) {
        if (kept[place] === 0) continue;
        occupied.push(slot);
        this.#origins[place] = slot++;
      }
    };
    for (let row = 0; row < origins.length; row++) {
      if (stays[row] === 1) {
        leaveUntilStay();
        place++;
        occupied.push(slot);
      }
      this.#targets[row] = slot++;
    }
    leaveUntilStay();
    this.#counts = new Int32Array(slot + 1);
    for (const index of occupied) this.#count(index, 1);
  }

  /** Takes the row out of its old slot; returns the index that it had. */
  vacate(place: number): number {
    const slot = this.#origins[place] as number;
    this.#count(slot, -1);
    return this.#before(slot);
  }

  /** Puts the row into its new slot; returns the index that it has. */
  occupy(row: number): number {
    const slot = this.#targets[row] as number;
    const index = this.#before(slot);
    this.#count(slot, 1);
    return index;
  }

  #count(slot: number, by: number): void {
    for (let at = slot + 1; at < this.#counts.length; at += at & -at)
      this.#counts[at] = (this.#counts[at] as number) + by;
  }

  #before(slot: number): number {
    let sum = 0;
    for (let at = slot; at > 0; at -= at & -at) sum += this.#counts[at] as number;
    return sum;
  }
}
