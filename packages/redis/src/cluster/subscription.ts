import type { Clock } from "@statestream/core/backplane";
import type { Engine, Message } from "./engine.ts";

/** The longest time between two attempts, in milliseconds. */
const MAX_BACKOFF_MS = 2000;

export interface SubscriptionEvents {
  readonly message: (message: Message) => void;
  /** The engine has confirmed it: messages from now on arrive. */
  readonly subscribed: () => void;
  /** It is tried again. */
  readonly failed: (cause: unknown) => void;
}

/** The subscription of a node to the messages of one stream. */
export class Subscription {
  readonly #key: string;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #events: SubscriptionEvents;
  #isActive = false;
  #closed = false;
  /** In a row. */
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(key: string, engine: Engine, clock: Clock, events: SubscriptionEvents) {
    this.#key = key;
    this.#engine = engine;
    this.#clock = clock;
    this.#events = events;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  async subscribe(): Promise<void> {
    try {
      await this.#engine.subscribe(this.#key, (message) => {
        if (!this.#closed) this.#events.message(message);
      });
    } catch (cause) {
      if (this.#closed) return;
      this.#events.failed(cause);
      const ms = Math.min(MAX_BACKOFF_MS, 100 * 2 ** this.#failures++) * (0.5 + this.#clock.random() / 2);
      this.#cancelRetry = this.#clock.after(ms, () => void this.subscribe());
      return;
    }
    if (this.#closed) return;
    this.#failures = 0;
    this.#isActive = true;
    this.#events.subscribed();
  }

  async renew(): Promise<void> {
    this.#isActive = false;
    // It may fail: what counts is whether the next subscription works.
    await this.#engine.unsubscribe(this.#key).catch(() => undefined);
    if (!this.#closed) await this.subscribe();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    // If this fails, messages still arrive, and are ignored.
    await this.#engine.unsubscribe(this.#key).catch(() => undefined);
  }
}
