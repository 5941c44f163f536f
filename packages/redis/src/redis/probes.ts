import type { EngineListener } from "../cluster/engine.ts";
import { Health } from "../cluster/health.ts";

/** While a part of a cluster works, its connections are replaced at most so often for the sake of the others, in milliseconds. */
const MAX_PAUSE_MS = 60_000;
const PROBES_PER_PAUSE = 4;

export interface ProbesOptions {
  /** The time between two probes, in milliseconds. */
  readonly probeMs: number;
  /** How many parts there are that can fail by themselves. */
  readonly parts: number;
  /** The part that a stream is in. */
  readonly partOf: (key: string) => number;
  /** Sends probe `n` of a part; resolves when commands work. */
  readonly send: (part: number, n: number) => Promise<void>;
  /** `keeps`: some parts work, and shall until the new connection is ready. */
  readonly reopenCommands: (keeps: boolean) => void;
  readonly reopenMessages: (keeps: boolean) => void;
}

/** Finds out in which parts of the engine commands work and messages arrive. */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #parts: readonly Health[];
  readonly #listeners = new Set<EngineListener>();
  readonly #pauses = { commands: { until: 0, ms: 0 }, messages: { until: 0, ms: 0 } };

  constructor(options: ProbesOptions) {
    this.#options = options;
    const { probeMs, send } = options;
    this.#parts = Array.from({ length: options.parts }, (_, part) => {
      const health = new Health({
        probeMs,
        send: (n) => send(part, n),
        reopenCommands: () => this.#reopen("commands", options.reopenCommands),
        reopenMessages: () => this.#reopen("messages", options.reopenMessages),
      });
      health.onChange((change) => this.#changed(part, change));
      return health;
    });
  }

  get downSince(): number | undefined {
    const since = this.#parts.map((part) => part.downSince).filter((at) => at !== undefined);
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  onChange(listener: EngineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  heard(part: number, n: number): void {
    this.#parts[part]?.heard(n);
  }

  /** A call was answered. In a cluster that says nothing of the other servers. */
  answered(): void {
    if (this.#parts.length === 1) this.#parts[0]?.answered();
  }

  /** There is a new connection; `again`: it is not the first one. */
  connected(again: boolean): void {
    for (const part of this.#parts) part.connected(again);
  }

  /** Replaces both connections at the next probe. */
  reopenSoon(): void {
    this.#parts[0]?.reopenSoon();
  }

  close(): void {
    for (const part of this.#parts) part.close();
    this.#listeners.clear();
  }

  #changed(part: number, change: "up" | "down"): void {
    if (change === "up" && this.downSince === undefined) for (const pause of Object.values(this.#pauses)) pause.ms = 0;
    const affects = (key: string): boolean => this.#options.partOf(key) === part;
    for (const listener of this.#listeners) listener(change, affects);
  }

  /** The parts share their connections, so that one replacement is for all of them. */
  #reopen(which: "commands" | "messages", reopen: (keeps: boolean) => void): void {
    const pause = this.#pauses[which];
    const now = performance.now();
    if (now < pause.until) return;
    const least = this.#options.probeMs * PROBES_PER_PAUSE;
    const someWork = this.#parts.some(({ downSince }) => downSince === undefined);
    pause.ms = someWork ? Math.min(MAX_PAUSE_MS, Math.max(least, pause.ms * 2)) : least;
    pause.until = now + pause.ms;
    reopen(someWork);
  }
}
