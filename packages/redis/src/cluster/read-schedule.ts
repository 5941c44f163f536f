import type { Clock } from "@statestream/core/backplane";

/** The longest time between two attempts, in milliseconds; a message triggers a read earlier. */
const MAX_BACKOFF_MS = 2000;

/** When a stream is read: one read at a time, however many ask for one, and later after failures. */
export class ReadSchedule {
  readonly #clock: Clock;
  readonly #read: () => Promise<void>;
  #stopped = false;
  #reading: Promise<void> | undefined;
  /** Another read must follow the one under way. */
  #again = false;
  /** Whether another read must follow the one under way, unless that one fails. */
  #isWanted: (() => boolean) | undefined;
  /** In a row. */
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  /** `read` must not reject, and calls `retryIn` where it fails. */
  constructor(clock: Clock, read: () => Promise<void>) {
    this.#clock = clock;
    this.#read = read;
  }

  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  /** How many attempts in a row have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** Reads now. Resolves when a read that began after this call has ended. */
  now(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#again = true;
    this.#reading ??= this.#readUntilServed();
    return this.#reading;
  }

  /**
   * Reads now, unless the last read failed: then the retry that is due soon serves everybody. Where a read is under way, another one
   * follows if it is still wanted then.
   */
  soon(isWanted: () => boolean = () => true): void {
    if (this.#reading !== undefined) this.#isWanted = isWanted;
    else if (this.#cancelRetry === undefined) void this.now();
  }

  retryIn(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.after(ms, () => void this.now());
  }

  /** Counts a failure. Gives how long to wait, in milliseconds: longer with each failure in a row, and random. */
  failed({ firstMs = 100, mostMs = MAX_BACKOFF_MS }: { firstMs?: number; mostMs?: number } = {}): number {
    return Math.min(mostMs, firstMs * 2 ** this.#failures++) * (0.5 + this.#clock.random() / 2);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
  }

  /** Whether another read must follow the one that has ended. */
  get #isDue(): boolean {
    return this.#again || (this.#cancelRetry === undefined && this.#isWanted?.() === true);
  }

  async #readUntilServed(): Promise<void> {
    do {
      this.#again = false;
      this.#isWanted = undefined;
      this.#cancelRetry?.();
      this.#cancelRetry = undefined;
      await this.#read();
    } while (!this.#stopped && this.#isDue);
    this.#reading = undefined;
  }
}
