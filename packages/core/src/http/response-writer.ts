import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isWatched, socketOf, writeChunk } from "./chunked.ts";
import { hasLeft, isQueued, waitForSocket } from "./queued-response.ts";
import type { ByteSource } from "./web-body.ts";

/** How long the last bytes of an ended response may take to leave before its socket is destroyed, in milliseconds. */
const LINGER_MS = 500;

/** Writes a connection to a response whose head is out, until either ends. */
export class ResponseWriter {
  readonly #res: ServerResponse;
  readonly #connection: ByteSource;
  /** Ends the response. Default: `res.end()`. */
  readonly #end: (() => void) | undefined;
  /** Where chunks can be written to, once that is known. */
  #socket: Socket | undefined;
  /** The response has been ended. */
  #over = false;
  /** There is no room until `drain`, or the response waits for its socket. */
  #full = false;
  /** A wrapped `write` may buffer, so later chunks must go through it too or they would overtake. */
  #watched = false;
  #listens = false;
  #ended = false;

  constructor(res: ServerResponse, connection: ByteSource, end: (() => void) | undefined) {
    this.#res = res;
    this.#connection = connection;
    this.#end = end;
  }

  start(): void {
    const connection = this.#connection;
    const leave = (): void => connection.close();
    // A write to a socket that was reset emits an error here, which only means that the client has left.
    this.#res.on("error", leave);
    this.#res.on("close", leave);
    // Emitted by `end`, including calls by others. After it the socket no longer belongs to this response; checking at each write is slow.
    this.#res.on("prefinish", () => (this.#over = true));
    // Nothing is read for a queued response: its bytes would wait in memory, and Node stops reading a socket that has
    // many of them, and then does not see that the client leaves.
    this.#full = isQueued(this.#res);
    connection.onReadable(() => this.#write());
    // Those events are not emitted again: the client may have left while the application was still deciding.
    if (hasLeft(this.#res)) leave();
    else if (this.#full) waitForSocket(this.#res, () => this.#drained(), leave);
    else this.#write();
  }

  #write(): void {
    const connection = this.#connection;
    while (!this.#full) {
      const bytes = connection.read();
      if (bytes === undefined) break;
      this.#hand(bytes);
    }
    // The compression middleware gives responses this method; without it, it holds events back.
    if (this.#watched) (this.#res as { flush?: () => void }).flush?.();
    if (connection.closed && !this.#ended) {
      this.#ended = true;
      this.#finish();
    }
  }

  #hand(bytes: Uint8Array): void {
    const socket = this.#direct();
    if (socket !== undefined) {
      this.#full = !writeChunk(socket, bytes);
      // Node emits `drain` on the response only for what was written to it. Once: a socket outlives its response.
      if (this.#full) socket.once("drain", () => this.#drained());
      return;
    }
    this.#full = !this.#res.write(bytes);
    if (!this.#full || this.#listens) return;
    this.#listens = true;
    // Not once: the compression middleware moves listeners to its own stream, and does not give them back.
    this.#res.on("drain", () => this.#drained());
  }

  /** The socket, if the next chunk can be written there. Checked for each: `write` can be wrapped at any time. */
  #direct(): Socket | undefined {
    this.#watched ||= isWatched(this.#res);
    if (this.#watched) return undefined;
    this.#socket ??= socketOf(this.#res);
    return this.#socket?.writable && !this.#over ? this.#socket : undefined;
  }

  #drained(): void {
    this.#full = false;
    this.#write();
  }

  /** Ends in order where the client has taken everything; else cuts it off, since an end would wait for it too. */
  #finish(): void {
    const res = this.#res;
    if (this.#full || res.destroyed) {
      res.destroy();
      return;
    }
    const { socket } = res;
    res.once("close", () => {
      // A server that no longer listens would wait out the keep-alive time of an idle socket.
      const server = (socket as { server?: { listening?: boolean } } | null)?.server;
      if (server?.listening === false) socket?.destroySoon();
    });
    if (this.#end === undefined) res.end();
    else this.#end();
    // Middleware may hold the end back, as a session that is being stored does: that is not the client's time.
    if (res.writableEnded) this.#linger();
    else res.once("prefinish", () => this.#linger());
  }

  #linger(): void {
    const timer = setTimeout(() => this.#res.destroy(), LINGER_MS).unref();
    this.#res.once("close", () => clearTimeout(timer));
  }
}
