/**
 * The longest run of rows that stay in order, so that the fewest are moved: for each row, 1 if it is one of them. Rows
 * without an origin (-1) are not.
 */
export function risingRows(origins: Int32Array): Uint8Array {
  // The row that ends the best run of each length with the smallest origin, and for each row the one before it.
  const ends: number[] = [];
  const previous = new Int32Array(origins.length);
  for (let row = 0; row < origins.length; row++) {
    const origin = origins[row] as number;
    if (origin < 0) continue;
    let low = 0;
    let high = ends.length;
    // Mostly it goes on where the longest run ends.
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
 * Where rows stand while they are moved. Each row that is moved has a slot where it was and one where it will be, in one
 * fixed order; its index is the number of rows in slots before it (a Fenwick tree counts them).
 */
export class OrderedSlots {
  readonly #counts: Int32Array;
  /** By place in the range before, and by row after. */
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
    // Between two rows that stay: first those to come, right after the row they follow, then those to leave.
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

  /** Takes the row from its slot before; returns the index it had. */
  vacate(place: number): number {
    const slot = this.#origins[place] as number;
    this.#count(slot, -1);
    return this.#before(slot);
  }

  /** Puts the row into its slot after; returns the index it has. */
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
