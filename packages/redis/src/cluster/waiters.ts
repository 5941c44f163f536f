interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Callers that wait for one event. */
export class Waiters {
  #waiters = new Set<Waiter>();

  /** Rejects with the signal's reason when that is aborted first. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiters.add(waiter);
      signal?.addEventListener(
        "abort",
        () => {
          this.#waiters.delete(waiter);
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  resolve(): void {
    for (const { resolve } of this.#taken()) resolve();
  }

  reject(error: unknown): void {
    for (const { reject } of this.#taken()) reject(error);
  }

  #taken(): Set<Waiter> {
    const taken = this.#waiters;
    this.#waiters = new Set();
    return taken;
  }
}
