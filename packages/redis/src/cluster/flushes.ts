interface Waiter {
  /** What it waits for. */
  seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Those who wait until the engine has what was changed before they asked. */
export class Flushes {
  #waiters: Waiter[] = [];

  wait(seq: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ seq, resolve, reject }));
  }

  /** What they wait for is now told by events up to this one. */
  move(seq: number): void {
    for (const waiter of this.#waiters) waiter.seq = seq;
  }

  reached(seq: number): void {
    const done = this.#waiters.filter((waiter) => waiter.seq <= seq);
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq);
    for (const { resolve } of done) resolve();
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}
