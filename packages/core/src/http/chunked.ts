import { OutgoingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

// A body chunk can be encoded once for all responses and written to their sockets, at half the cost of `res.write`, as
// long as nothing else stands between a response and its socket. RFC 9112, section 7.1, defines the encoding of a chunk.

/**
 * What Node keeps of a response without a type.
 *
 * WARNING: these members are private to Node. `socketOf` needs all of them to have the expected value, so a Node that
 * renames one makes the writer fall back to `res.write`; the conformance suite runs on every supported Node line.
 */
interface NodeResponse extends ServerResponse {
  /** The head was handed to the socket; `headersSent` only says that it was rendered. */
  readonly _headerSent?: boolean;
  readonly _hasBody?: boolean;
}

const originalWrite = Reflect.get<OutgoingMessage, "write">(OutgoingMessage.prototype, "write");

/**
 * Node's own `write`; `undefined` where it was replaced before this module was loaded, as monitoring tools do, and on
 * other runtimes. Then the function has another source text.
 */
const ownWrite = /\bwrite_\(this, chunk, /.test(Function.prototype.toString.call(originalWrite))
  ? originalWrite
  : undefined;

/** Whether something else handles what is written to a response, such as compression or a tool that counts bytes. */
export function isWatched(res: ServerResponse): boolean {
  // Same as `res.write !== ownWrite`, which is slow on responses of Express: each has a hidden class of its own.
  return Object.hasOwn(res, "write") || (Object.getPrototypeOf(res) as ServerResponse).write !== ownWrite;
}

/**
 * The response's socket, if a chunk written to it now is sent after everything that was written to the response. This
 * stays true until the response ends or comes to be watched, provided that every later chunk is written to the socket.
 */
export function socketOf(res: NodeResponse): Socket | undefined {
  const { socket } = res;
  if (!socket || !res.chunkedEncoding || res._headerSent !== true || res._hasBody !== true) return undefined;
  // Node may hold back what `res.write` was given (newer lines cork for one tick), and a direct write would overtake it.
  const nothingBuffered = res.writableCorked === 0 && res.writableLength === socket.writableLength;
  return nothingBuffered ? socket : undefined;
}

/** Above this many bytes, copying costs more than two additional buffers in one write. */
const MAX_COPY_BYTES = 16 * 1024;

const httpChunks = new WeakMap<Uint8Array, Buffer>();

/** Writes a chunk to a response's socket. Returns whether there is room for more; if not, the socket emits `drain`. */
export function writeChunk(socket: Socket, bytes: Uint8Array): boolean {
  // A part of a larger chunk belongs to one connection, so a copy of it would not be shared.
  if (bytes.length <= MAX_COPY_BYTES && bytes.length === bytes.buffer.byteLength) return socket.write(httpChunk(bytes));
  socket.cork();
  socket.write(chunkHeader(bytes), "latin1");
  socket.write(bytes);
  const room = socket.write("\r\n", "latin1");
  socket.uncork();
  return room;
}

/** Encoded once for all connections that are given the same bytes. */
function httpChunk(bytes: Uint8Array): Buffer {
  let chunk = httpChunks.get(bytes);
  if (chunk === undefined) {
    chunk = Buffer.concat([Buffer.from(chunkHeader(bytes)), bytes, Buffer.from("\r\n")]);
    httpChunks.set(bytes, chunk);
  }
  return chunk;
}

function chunkHeader(bytes: Uint8Array): string {
  return `${bytes.length.toString(16)}\r\n`;
}
