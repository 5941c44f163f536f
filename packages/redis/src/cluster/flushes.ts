interface Waiter {
  /** The seq that it waits for. */
  seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Callers that wait until the engine has every change made before their call. */
export class Flushes {
  #waiters: Waiter[] = [];

  wait(seq: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ seq, resolve, reject }));
  }

  /** All changes that callers wait for are now published with seqs up to this one. */
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
