import type { Connection } from "../delivery/connection.ts";

/** What a body needs of a connection. */
export type ByteSource = Pick<Connection, "read" | "onReadable" | "closed" | "close">;

type Controller = ReadableStreamDefaultController<Uint8Array>;

/**
 * A response body that opens its connection when it is first read; for adapters. It queues nothing: what is not read stays
 * in the stream's log. Cancelling it closes the connection.
 */
export function webBody(open: () => ByteSource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new BodySource(open), { highWaterMark: 0 });
}

/** Returns no promise from `pull`: a read that has to wait is answered when there is something to give. */
class BodySource {
  /** Released when it was called, because it keeps the request. */
  #open: (() => ByteSource) | undefined;
  #connection: ByteSource | undefined;
  /** The controller of a read that waits. */
  #reading: Controller | undefined;
  /** The body was cancelled, or has ended. */
  #over = false;

  constructor(open: () => ByteSource) {
    this.#open = open;
  }

  pull(controller: Controller): void {
    this.#reading = controller;
    if (this.#open !== undefined) {
      this.#connection = this.#open();
      this.#open = undefined;
      this.#connection.onReadable(() => this.#give());
    }
    this.#give();
  }

  cancel(): void {
    this.#over = true;
    this.#connection?.close();
  }

  #give(): void {
    const controller = this.#reading;
    if (controller === undefined || this.#over) return;
    const bytes = this.#connection?.read();
    if (bytes !== undefined) {
      this.#reading = undefined;
      controller.enqueue(bytes);
    } else if (this.#connection?.closed) {
      this.#over = true;
      controller.close();
    }
  }
}
