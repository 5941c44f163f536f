import type { Connection } from "./connection.ts";
import { Link, type LinkOptions } from "./link.ts";

/** Channels that could not be subscribed on a new connection are tried again after so long, in milliseconds. */
const RETRY_MS = 1000;

/** The one connection that receives messages. Its channels are subscribed again on every new connection. */
export class Subscriber {
  readonly #link: Link;
  readonly #deadlineMs: number;
  readonly #onError: (error: Error) => void;
  readonly #onSubscribed: (again: boolean) => void;
  readonly #channels = new Map<string, (message: string) => void>();
  /** Channels that the connection may still be subscribed to although nobody needs them. */
  readonly #unwanted = new Set<string>();

  /** `onSubscribed`: all channels are subscribed on a new connection; `again`: it is not the first connection. */
  constructor(options: LinkOptions, onSubscribed: (again: boolean) => void) {
    this.#link = new Link(options, (client, again) => void this.#restore(client, again));
    this.#deadlineMs = options.deadlineMs;
    this.#onError = options.onError;
    this.#onSubscribed = onSubscribed;
  }

  /** Resolves when Redis has confirmed it. Where it rejects, it may still take effect later, until `unsubscribe`. */
  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    this.#channels.set(channel, listener);
    this.#unwanted.delete(channel);
    await this.#link.use((client) => client.subscribe([channel], this.#hear));
  }

  async unsubscribe(channel: string): Promise<void> {
    if (!this.#channels.delete(channel)) return;
    this.#unwanted.add(channel);
    // Without a connection there is nothing to wait for: the next one does not subscribe to it.
    if (this.#link.ready) await this.#link.use((client) => this.#forget(client, [channel]));
  }

  reopen(keeps = false): void {
    if (!keeps) this.#unwanted.clear();
    this.#link.reopen(keeps);
  }

  close(): void {
    this.#link.close();
    this.#channels.clear();
  }

  // A driver whose listener throws loses its position in the reply that it was parsing.
  readonly #hear = (message: string, channel: string): void => {
    try {
      this.#channels.get(channel)?.(message);
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
    }
  };

  /** The driver has restored the subscriptions that it knew; this adds the others. */
  async #restore(client: Connection, again: boolean): Promise<void> {
    let failure: Error | undefined;
    const work = this.#subscribeAll(client).catch((error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    // A server of a cluster that does not answer must not hold up the news that others do.
    const late = new Promise((resolve) => setTimeout(resolve, this.#deadlineMs, "late").unref());
    const isLate = (await Promise.race([work, late])) === "late";
    if (this.#link.ready !== client) return;
    this.#onSubscribed(again);
    if (failure === undefined && !isLate) return;
    if (failure !== undefined) this.#onError(failure);
    setTimeout(() => {
      if (this.#link.ready === client) void this.#restore(client, true);
    }, RETRY_MS).unref();
  }

  async #subscribeAll(client: Connection): Promise<void> {
    await this.#forget(client, [...this.#unwanted]);
    await client.subscribe([...this.#channels.keys()], this.#hear);
  }

  async #forget(client: Connection, channels: string[]): Promise<void> {
    if (channels.length === 0) return;
    await client.unsubscribe(channels, this.#hear);
    for (const channel of channels) this.#unwanted.delete(channel);
  }
}
