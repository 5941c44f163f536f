/**
 * One at a time: what is asked for while another is under way, by a callback of it, comes after it. So changes have one
 * order, the same for everybody.
 */
export class Turn {
  #busy = false;
  readonly #waiting: (() => void)[] = [];

  /** Runs `task` now, or after the one under way. What is thrown is thrown when all are done; the first wins. */
  run(task: () => void): void {
    this.#waiting.push(task);
    if (this.#busy) return;
    this.#busy = true;
    let thrown: { readonly error: unknown } | undefined;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
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
