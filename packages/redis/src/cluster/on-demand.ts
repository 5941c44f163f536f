import { StateStreamError } from "@statestream/core";
import type { Clock } from "@statestream/core/backplane";
import { failure } from "./failures.ts";

export interface OnDemandOptions {
  /**
   * Milliseconds without a command and a change after which a writer is closed, or up to twice as long. Its state stays in the
   * engine. Default 60,000.
   */
  idleMs?: number;
}

/** What the writers of this node that start on demand need. */
export interface OnDemandHost {
  readonly clock: Clock;
  /** Whether this node has a writer of the stream. */
  hasWriter(key: string): boolean;
  /** A text that differs after each command and each change of the stream; `undefined` without a writer. */
  activity(key: string): string | undefined;
  report(error: StateStreamError): void;
}

/** A writer as the application's function returns it. */
interface Closable {
  close(): Promise<void>;
}

interface Rule {
  readonly prefix: string;
  readonly start: (key: string) => Closable;
  readonly idleMs: number;
}

/** Starts writers when a command finds no leader, and closes them when they are idle. */
export class OnDemand {
  readonly #host: OnDemandHost;
  readonly #rules = new Set<Rule>();
  /** Cancels the next look at a writer, by key. */
  readonly #timers = new Map<string, () => void>();

  constructor(host: OnDemandHost) {
    this.#host = host;
  }

  /** @throws {StateStreamError} `invalid-option` */
  add(prefix: string, start: (key: string) => Closable, { idleMs = 60_000 }: OnDemandOptions = {}): () => void {
    if (typeof prefix !== "string" || typeof start !== "function")
      throw new StateStreamError(
        "invalid-option",
        "onDemand takes a prefix of keys and a function that starts a writer.",
      );
    if (!(typeof idleMs === "number" && idleMs > 0))
      throw new StateStreamError("invalid-option", `The option idleMs is ${String(idleMs)}; it must be above 0.`);
    const rule = { prefix, start, idleMs };
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  /** No writer leads the stream: starts one, if there is a rule for its key. */
  start(key: string): void {
    if (this.#host.hasWriter(key)) return;
    for (const { prefix, start, idleMs } of this.#rules) {
      if (!key.startsWith(prefix)) continue;
      try {
        this.#watch(key, start(key), idleMs);
      } catch (cause) {
        const what = `The writer of stream "${key}" could not be started on demand`;
        this.#host.report(failure("listener-failed", what, cause, "The command is sent again."));
      }
      return;
    }
  }

  close(): void {
    this.#rules.clear();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #watch(key: string, writer: Closable, idleMs: number): void {
    const host = this.#host;
    const before = host.activity(key);
    const cancel = host.clock.after(idleMs, () => {
      this.#timers.delete(key);
      const now = host.activity(key);
      if (now === undefined) return;
      if (now === before) void writer.close();
      else this.#watch(key, writer, idleMs);
    });
    this.#timers.set(key, cancel);
  }
}
