/**
 * Runs tasks one at a time; a task started from inside another is queued behind it. All changes of a stream go through one
 * of these, so that they have one order, the same for every client.
 */
export class Turn {
  #busy = false;
  readonly #waiting: (() => void)[] = [];

  /** Runs `task` now, or after the running one. If tasks throw, the first error is rethrown once all of them have run. */
  run(task: () => void): void {
    if (this.#busy) {
      this.#waiting.push(task);
      return;
    }
    this.#busy = true;
    let thrown: { readonly error: unknown } | undefined;
    for (let next: (() => void) | undefined = task; next !== undefined; next = this.#waiting.shift()) {
      try {
        next();
      } catch (error) {
        thrown ??= { error };
      }
    }
    this.#busy = false;
    if (thrown !== undefined) throw thrown.error;
  }
}
