/** A list that grows at its end and shrinks at its beginning, each in constant time. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get first(): T | undefined {
    return this.#items[this.#start];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start++] = undefined;
    // Copied only when half of it is empty, so that the cost per item is constant.
    if (this.#start > 32 && this.#start * 2 > this.#items.length) this.#replace(this.toArray());
    return item;
  }

  toArray(): T[] {
    return this.#items.slice(this.#start) as T[];
  }

  /** Removes and returns the items from this index on. */
  cut(index: number): T[] {
    return this.#items.splice(this.#start + index) as T[];
  }

  clear(): void {
    this.#replace([]);
  }

  #replace(items: T[]): void {
    this.#items = items;
    this.#start = 0;
  }
}
