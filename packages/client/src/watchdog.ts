import { MAX_TIMER_MS } from "./backoff.ts";

/** Assumed until the server tells. */
const DEFAULT_HEARTBEAT_MS = 15_000;

/** Notices that nothing was heard for two and a half heartbeats. */
export class Watchdog {
  readonly #onSilence: (ms: number) => void;
  #heartbeatMs!: number;
  /** When something was heard last, milliseconds since 1970. */
  #heardAt!: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onSilence: (ms: number) => void) {
    this.#onSilence = onSilence;
  }

  /** An attempt begins. A server that may be another one has not told its interval yet. */
  start(): void {
    this.#heartbeatMs = DEFAULT_HEARTBEAT_MS;
    this.heard();
    this.look();
  }

  heard(): void {
    this.#heardAt = Date.now();
  }

  /** The server told its interval, if it did. */
  expect(heartbeatMs = 0): void {
    if (heartbeatMs === this.#heartbeatMs || !(heartbeatMs > 0)) return;
    this.#heartbeatMs = heartbeatMs;
    this.look();
  }

  /** Looks at the clock rather than at how often it ticked: timers of hidden pages sleep. */
  look(): void {
    clearTimeout(this.#timer);
    const silence = Date.now() - this.#heardAt;
    const limit = 2.5 * this.#heartbeatMs;
    if (silence >= limit) return this.#onSilence(silence);
    // Somebody has set the clock back.
    if (silence < 0) this.heard();
    this.#timer = setTimeout(() => this.look(), Math.min(limit - Math.max(silence, 0), MAX_TIMER_MS));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
