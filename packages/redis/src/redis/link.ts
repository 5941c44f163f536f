import type { Connection } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";

export interface LinkOptions {
  readonly connect: () => Connection;
  /**
   * How long a call may take, including the time until there is a connection, in milliseconds. While this process is busy, or other
   * calls are answered first, the time does not count.
   */
  readonly deadlineMs: number;
  readonly onError: (error: Error) => void;
  /** Called when a call has succeeded. */
  readonly onAnswered?: () => void;
}

/**
 * One connection of the backplane's own. The driver reconnects by itself when a socket closes; `reopen()` replaces a connection whose
 * failure the driver does not notice, or where it has given up.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #onReady: ((client: Connection, again: boolean) => void) | undefined;
  readonly #waiting = new Set<{ start: (client: Connection) => Promise<void>; reject: (error: Error) => void }>();
  readonly #deadlines: Deadlines;
  #client: Connection | undefined;
  /** Replaces it once it is ready. */
  #next: Connection | undefined;
  #closed = false;
  #lastError = "";
  #wasReady = false;

  /** `again`: there was a connection before, and messages may have been missed since. */
  constructor(options: LinkOptions, onReady?: (client: Connection, again: boolean) => void) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.deadlineMs);
    this.#onReady = onReady;
  }

  /** The connection, while it is up. */
  get ready(): Connection | undefined {
    return this.#client?.isReady ? this.#client : undefined;
  }

  /**
   * Connects, and drops the connection that there was: at once, or, if it `keeps` that, when the new one is ready. Calls that were under
   * way on it are rejected.
   */
  reopen(keeps = false): void {
    if (this.#next?.isOpen) this.#next.destroy();
    this.#next = undefined;
    if (!keeps || this.ready === undefined) this.#drop();
    if (this.#closed) return;
    const client = this.#options.connect();
    if (this.#client === undefined) this.#client = client;
    else this.#next = client;
    const isOurs = (): boolean => client === this.#client || client === this.#next;
    client.on("error", (error) => {
      if (isOurs()) this.#report(error);
    });
    client.on("connect", () => {
      // The driver cannot cancel a connection attempt.
      if (!isOurs()) client.destroy();
    });
    client.on("ready", () => {
      if (client === this.#next && client.isReady) {
        this.#drop();
        this.#client = client;
        this.#next = undefined;
      }
      if (client !== this.#client) return;
      this.#lastError = "";
      this.#onReady?.(client, this.#wasReady);
      this.#wasReady = true;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const { start } of waiting) void start(client);
    });
    client.connect().catch((error: unknown) => {
      if (isOurs()) this.#report(error);
    });
  }

  /** Uses the connection as soon as it is up. Rejects at the deadline; the work may still take effect. `slot`: in a cluster. */
  use<T>(work: (client: Connection) => T | Promise<T>, slot = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error("The connection to Redis was closed by close()"));
        return;
      }
      const start = async (client: Connection) => {
        try {
          resolve(await work(client));
          this.#deadlines.answered(slot);
          this.#options.onAnswered?.();
        } catch (error) {
          reject(error);
        } finally {
          cancel();
        }
      };
      const waiter = { start, reject };
      const cancel = this.#deadlines.start(() => {
        const what = this.#waiting.delete(waiter) ? "could not be reached" : "did not answer";
        reject(new Error(`Redis ${what} within ${this.#options.deadlineMs} ms`));
      }, slot);
      if (this.ready) void start(this.ready);
      else this.#waiting.add(waiter);
    });
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting) reject(new Error("The connection to Redis was closed by close()"));
    this.#waiting.clear();
    if (this.#next?.isOpen) this.#next.destroy();
    this.#next = undefined;
    this.#drop();
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client?.isOpen) client.destroy();
  }

  #report(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Every attempt to reconnect fails with the same message, which is reported once.
    if (error.message === this.#lastError) return;
    this.#lastError = error.message;
    this.#options.onError(error);
  }
}
