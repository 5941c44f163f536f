import type { ServerResponse } from "node:http";
import type { Connection } from "@statestream/core";
import { writeConnection } from "@statestream/core/node";
import { DirectWatch } from "./direct.ts";

type Controller = ReadableStreamDefaultController<Uint8Array>;

/**
 * A response body that opens its connection when it is first read. It queues nothing: what is not read stays in the
 * stream's log. Where the body's bytes reach the Node response `outgoing` as they are, the rest is written there.
 */
export function bodyOf(open: () => Connection, outgoing: ServerResponse | undefined): ReadableStream<Uint8Array> {
  const source = new ConnectionSource(open, outgoing);
  const body = new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
  source.watch(body);
  return body;
}

/** Where a body's bytes come from. Makes no promise: a read that has to wait is answered when there is something. */
class ConnectionSource {
  readonly #outgoing: ServerResponse | undefined;
  /** Let go of when it was called: it holds on to the request. */
  #open: (() => Connection) | undefined;
  /** `undefined` where bytes are given to who reads the body. */
  #watch: DirectWatch | undefined;
  #connection: Connection | undefined;
  /** Whose read waits. */
  #reading: Controller | undefined;
  /** Nothing more can be given: the reader has left, or was told that this is the end. */
  #over = false;

  constructor(open: () => Connection, outgoing: ServerResponse | undefined) {
    this.#open = open;
    this.#outgoing = outgoing;
  }

  watch(body: ReadableStream<Uint8Array>): void {
    if (this.#outgoing !== undefined) this.#watch = new DirectWatch(body, this.#outgoing);
  }

  pull(controller: Controller): void {
    this.#reading = controller;
    if (this.#connection === undefined) this.#startInTurn(controller);
    else if (this.#watch === undefined) this.#give();
  }

  cancel(): void {
    this.#over = true;
    this.#connection?.close();
  }

  /** A pipelined request waits for its socket before it opens anything: its bytes would wait in memory. */
  #startInTurn(controller: Controller): void {
    const outgoing = this.#outgoing;
    if (outgoing?.socket === null && !outgoing.destroyed && !outgoing.writableEnded) {
      outgoing.once("socket", () => this.#over || this.#start(controller));
    } else this.#start(controller);
  }

  #start(controller: Controller): void {
    const connection = (this.#open as () => Connection)();
    this.#open = undefined;
    this.#connection = connection;
    const first = connection.read();
    if (first === undefined) return this.#end();
    this.#reading = undefined;
    if (this.#watch === undefined) connection.onReadable(() => this.#readable());
    else this.#watch.expect(first, (intact) => this.#decided(intact, controller));
    controller.enqueue(first);
  }

  /** The server has written the first bytes, or something else was made of them. */
  #decided(intact: boolean, controller: Controller): void {
    const connection = this.#connection as Connection;
    const outgoing = this.#outgoing as ServerResponse;
    if (intact) {
      // The read that waits, or the next one, is answered by the end.
      writeConnection(outgoing, connection, () => {
        this.#reading = controller;
        this.#end();
      });
      return;
    }
    this.#watch = undefined;
    // A clone of the response that nobody reads would keep the body from being cancelled.
    outgoing.once("close", () => connection.close());
    if (outgoing.destroyed) connection.close();
    connection.onReadable(() => this.#readable());
    this.#give();
  }

  #readable(): void {
    if (this.#reading !== undefined) this.#give();
    // Closed before what it was given is taken: the client stalls, and whoever wraps the body waits for it.
    else if (this.#connection?.closed && !this.#over) this.#outgoing?.destroy();
  }

  #give(): void {
    const reading = this.#reading;
    if (reading === undefined || this.#over) return;
    const bytes = this.#connection?.read();
    if (bytes === undefined) {
      if (this.#connection?.closed) this.#end();
      return;
    }
    this.#reading = undefined;
    reading.enqueue(bytes);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#reading?.close();
  }
}
