import type { RedisClient } from "./redis-client.ts";

export interface LinkOptions {
  /** Whose options the connection has. It is never used itself. */
  readonly redis: RedisClient;
  /** How long a call may take, waiting for the connection included, in milliseconds. */
  readonly deadlineMs: number;
  readonly onError: (error: Error) => void;
}

/**
 * One connection of our own, made anew when it is no good. The driver reconnects by itself when a socket closes; what it
 * does not see, or gives up on, ends with `reopen()`.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #onReady: (client: RedisClient) => void;
  readonly #waiting = new Set<{ start: (client: RedisClient) => void; reject: (error: Error) => void }>();
  #client: RedisClient | undefined;
  #closed = false;
  #lastError = "";

  constructor(options: LinkOptions, onReady: (client: RedisClient) => void) {
    this.#options = options;
    this.#onReady = onReady;
  }

  /** The connection, while it is up. */
  get ready(): RedisClient | undefined {
    return this.#client?.isReady ? this.#client : undefined;
  }

  /** Connects; over again where there was a connection. What was under way on it is rejected. */
  reopen(): void {
    this.#drop();
    if (this.#closed) return;
    // A queue of the driver would send commands whose callers have given up long before.
    const client = this.#options.redis.duplicate({
      disableOfflineQueue: true,
      commandOptions: {},
      clientSideCache: undefined,
      emitInvalidate: false,
    });
    this.#client = client;
    client.on("error", (error) => {
      if (client === this.#client) this.#report(error);
    });
    client.on("ready", () => {
      if (client !== this.#client) return;
      this.#lastError = "";
      this.#onReady(client);
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const { start } of waiting) start(client);
    });
    client.connect().catch((error: unknown) => {
      if (client === this.#client) this.#report(error);
    });
  }

  /** Does something with the connection as soon as it is up. Rejects at the deadline; the work may still take effect. */
  use<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error("The connection to Redis was closed by close()."));
        return;
      }
      const { deadlineMs } = this.#options;
      const start = (client: RedisClient) => {
        work(client)
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      };
      const waiter = { start, reject };
      const timer = setTimeout(() => {
        const what = this.#waiting.delete(waiter) ? "could not be reached" : "did not answer";
        reject(new Error(`Redis ${what} within ${deadlineMs} ms.`));
      }, deadlineMs);
      timer.unref();
      if (this.ready) start(this.ready);
      else this.#waiting.add(waiter);
    });
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting) reject(new Error("The connection to Redis was closed by close()."));
    this.#waiting.clear();
    this.#drop();
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client?.isOpen) client.destroy();
  }

  #report(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Every attempt to reconnect fails with the same words: once is enough.
    if (error.message === this.#lastError) return;
    this.#lastError = error.message;
    this.#options.onError(error);
  }
}
