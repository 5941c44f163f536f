import type { ServerResponse } from "node:http";
import type { Connection } from "@statestream/core";
import { type ByteSource, webBody } from "@statestream/core/fetch";
import { writeConnection } from "@statestream/core/node";

// What this relies on, of @hono/node-server 1 and 2 (the optional peer range in package.json; tested on both its ends):
// - the context's `env.outgoing` is the Node response;
// - the server reads a body with the body's own reader, and hands each chunk to `outgoing.write` as it is;
// - it ends `outgoing` when the body ends, and cancels the body when `outgoing` is closed.
// The second is checked for each response, and where it does not hold, every byte goes through the body.

/** How long a chunk that the server has read may take to reach the response, in milliseconds. */
const ARRIVAL_MS = 100;

/**
 * A body whose bytes are written to the Node response behind a context as soon as it is known that nothing wraps the body;
 * `undefined` where there is no Node response.
 */
export function nodeBody(env: unknown, connect: () => Connection): ReadableStream<Uint8Array> | undefined {
  const outgoing = (env as { outgoing?: ServerResponse } | undefined)?.outgoing;
  if (typeof outgoing?.write !== "function" || typeof outgoing.once !== "function") return undefined;
  const relay = new Relay(connect, outgoing);
  const body = webBody(() => relay.start());
  // Middleware that clones, pipes or wraps the body reads it in another way, or later.
  Object.defineProperty(body, "getReader", {
    configurable: true,
    value: () => {
      relay.readByServer = true;
      delete (body as { getReader?: unknown }).getReader;
      return body.getReader();
    },
  });
  return body;
}

/** Hands a connection's bytes to the body, or, once its first chunk has arrived as it was, to the response itself. */
class Relay implements ByteSource {
  readByServer = false;
  readonly #connect: () => Connection;
  readonly #outgoing: ServerResponse;
  #connection: Connection | undefined;
  #phase: "queued" | "first" | "deciding" | "direct" | "body" = "queued";
  /** The direct writer has ended, or the body was cancelled before there was a connection. */
  #ended = false;
  /** The last read found nothing, so the reader waits. */
  #waiting = false;
  #listener: () => void = () => undefined;

  constructor(connect: () => Connection, outgoing: ServerResponse) {
    this.#connect = connect;
    this.#outgoing = outgoing;
  }

  start(): this {
    const outgoing = this.#outgoing;
    // A pipelined request opens nothing before its turn: its bytes would wait in memory.
    const queued = outgoing.socket === null && !outgoing.destroyed && !outgoing.writableEnded;
    if (queued) outgoing.once("socket", () => this.#open());
    else this.#open();
    return this;
  }

  get closed(): boolean {
    return this.#phase === "direct" ? this.#ended : (this.#connection?.closed ?? this.#ended);
  }

  onReadable(fn: () => void): () => void {
    this.#listener = fn;
    return () => undefined;
  }

  read(): Uint8Array | undefined {
    const connection = this.#connection;
    if (connection === undefined || this.#phase === "deciding" || this.#phase === "direct") return undefined;
    const bytes = connection.read();
    this.#waiting = bytes === undefined;
    if (this.#phase === "first" && bytes !== undefined) {
      this.#phase = "deciding";
      this.#watch(bytes, (intact) => this.#decided(connection, intact));
    }
    return bytes;
  }

  close(): void {
    this.#ended = true;
    this.#connection?.close();
  }

  #open(): void {
    if (this.#ended) return;
    this.#connection = this.#connect();
    this.#phase = "first";
    this.#listener();
  }

  /** The server has written the first chunk, or something else was made of it. */
  #decided(connection: Connection, intact: boolean): void {
    const outgoing = this.#outgoing;
    if (intact) {
      this.#phase = "direct";
      writeConnection(outgoing, connection, () => {
        this.#ended = true;
        this.#listener();
      });
      return;
    }
    this.#phase = "body";
    // A clone of the response that nobody reads would keep the body from being cancelled.
    outgoing.once("close", () => connection.close());
    if (outgoing.destroyed) connection.close();
    connection.onReadable(() => {
      // Closed before the reader took what it was given: the client stalls, and what wraps the body waits for it.
      if (connection.closed && !this.#waiting) outgoing.destroy();
      else this.#listener();
    });
    this.#listener();
  }

  /**
   * Calls `decided` as soon as it is known whether the first chunk was written as it was given; never within this call. No
   * private field is read; `outgoing.write` is replaced for one call.
   */
  #watch(first: Uint8Array, decided: (intact: boolean) => void): void {
    const outgoing = this.#outgoing;
    // A patched `write` belongs to something that wants to see every byte, and the server's own way leads there.
    if (!this.readByServer || Object.hasOwn(outgoing, "write")) {
      queueMicrotask(() => decided(false));
      return;
    }
    const write = outgoing.write.bind(outgoing) as (...args: unknown[]) => boolean;
    const tap = (...args: unknown[]): boolean => {
      const room = write(...args);
      settle(args[0] === first);
      return room;
    };
    let settled = false;
    const settle = (intact: boolean): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      // What writes next must find the response as it was.
      if (outgoing.write === tap) delete (outgoing as { write?: unknown }).write;
      decided(intact);
    };
    const timer = setTimeout(settle, ARRIVAL_MS, false);
    outgoing.write = tap;
  }
}
