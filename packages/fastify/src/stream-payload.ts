import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Connection } from "@statestream/core";

/**
 * The body as Fastify handles it. Fastify runs its hooks on a payload, and then pipes it to the response: that is the moment
 * to take the response over. Piped or read in another way, because a hook wrapped it, the payload gives the bytes itself.
 */
export class StreamPayload extends Readable {
  readonly #response: ServerResponse;
  readonly #takeOver: () => void;
  /** Released when it was called, because it keeps the request. */
  #connect: (() => Connection) | undefined;
  #connection: Connection | undefined;
  /** A read waits for bytes. */
  #waiting = false;

  constructor(response: ServerResponse, takeOver: () => void, connect: (() => Connection) | undefined) {
    // Nothing is read ahead: what the client does not take stays in the stream's log.
    super({ highWaterMark: 0 });
    this.#response = response;
    this.#takeOver = takeOver;
    this.#connect = connect;
    // What wraps a payload need not destroy it.
    response.once("close", () => this.destroy());
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    // With `end: false`, Fastify sends trailers when the payload has ended.
    if ((destination as unknown) !== this.#response || options?.end === false) return super.pipe(destination, options);
    // A payload that has ended is what Fastify neither reports nor destroys when the client leaves.
    this.#connect = undefined;
    this.resume();
    this.#takeOver();
    return destination;
  }

  override _read(): void {
    if (this.#connect !== undefined) {
      this.#connection = this.#connect();
      this.#connect = undefined;
      this.#connection.onReadable(() => this.#give());
    }
    this.#waiting = true;
    this.#give();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection?.close();
    done(error);
  }

  #give(): void {
    if (!this.#waiting) return;
    const bytes = this.#connection?.read();
    if (bytes !== undefined) {
      this.#waiting = false;
      this.push(bytes);
    } else if (this.#connection === undefined || this.#connection.closed) {
      this.#waiting = false;
      this.push(null);
    }
  }
}
