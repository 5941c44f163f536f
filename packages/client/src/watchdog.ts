import { MAX_TIMER_MS } from "./backoff.ts";

/** Assumed until the server has sent its interval. */
const DEFAULT_HEARTBEAT_MS = 15_000;

/** Detects that nothing was received for two and a half heartbeats. */
export class Watchdog {
  readonly #onSilence: (ms: number) => void;
  #heartbeatMs!: number;
  /** When something was received last, milliseconds since 1970. */
  #heardAt!: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onSilence: (ms: number) => void) {
    this.#onSilence = onSilence;
  }

  /** An attempt begins. It may reach another server, whose interval is not known yet. */
  start(): void {
    this.#heartbeatMs = DEFAULT_HEARTBEAT_MS;
    this.heard();
    this.look();
  }

  heard(): void {
    this.#heardAt = Date.now();
  }

  /** An event arrived, with the server's interval where it carries that. */
  expect(heartbeatMs = 0): void {
    if (heartbeatMs === this.#heartbeatMs || !(heartbeatMs > 0)) return;
    this.#heartbeatMs = heartbeatMs;
    this.look();
  }

  /** Compares the clock instead of counting ticks: the timers of hidden pages are suspended. */
  look(): void {
    clearTimeout(this.#timer);
    const silence = Date.now() - this.#heardAt;
    const limit = 2.5 * this.#heartbeatMs;
    if (silence >= limit) return this.#onSilence(silence);
    // The clock was set back.
    if (silence < 0) this.heard();
    this.#timer = setTimeout(() => this.look(), Math.min(limit - Math.max(silence, 0), MAX_TIMER_MS));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
