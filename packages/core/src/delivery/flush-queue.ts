import type { Clock } from "../support/clock.ts";
import type { Audience } from "./audience.ts";
import type { StateConnection } from "./state-connection.ts";

/** Collects who has something to read, and notifies each once in the next turn. */
export class FlushQueue {
  readonly #clock: Clock;
  readonly #onFlushed: (durationMs: number) => void;
  readonly #audiences = new Set<Audience>();
  readonly #connections = new Set<StateConnection>();
  #isScheduled = false;
  /** During a flush, when it began: one reading of the clock serves all connections. */
  #startedAt: number | undefined;

  /** `onFlushed` is called after each flush. */
  constructor(clock: Clock, onFlushed: (durationMs: number) => void) {
    this.#clock = clock;
    this.#onFlushed = onFlushed;
  }

  get isScheduled(): boolean {
    return this.#isScheduled;
  }

  /** Milliseconds elapsed: those at its start during a flush. */
  get elapsed(): number {
    return this.#startedAt ?? this.#clock.elapsed();
  }

  addAudience(audience: Audience): void {
    this.#audiences.add(audience);
    this.schedule();
  }

  addConnection(connection: StateConnection): void {
    this.#connections.add(connection);
    this.schedule();
  }

  delete(audience: Audience): void {
    this.#audiences.delete(audience);
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.defer(() => this.flush());
  }

  /** Notifies all that were collected; does nothing where that has been done already. */
  flush(): void {
    if (!this.#isScheduled) return;
    this.#isScheduled = false;
    const audiences = [...this.#audiences];
    const connections = [...this.#connections];
    this.#audiences.clear();
    this.#connections.clear();
    const startedAt = this.#clock.elapsed();
    this.#startedAt = startedAt;
    for (const audience of audiences) {
      audience.flushed(startedAt);
      // Connections opened by a listener during this flush are notified by the next one.
      let left = audience.connections.size;
      for (const connection of audience.connections) if (left-- > 0) connection.wake();
    }
    for (const connection of connections) connection.wake();
    this.#startedAt = undefined;
    this.#onFlushed(this.#clock.elapsed() - startedAt);
  }
}
