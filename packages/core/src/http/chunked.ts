import { OutgoingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

// Where nothing comes between a response and its socket, a chunk of the body can be framed once for all responses and
// written to their sockets, at half of what `write` costs. RFC 9112, section 7.1, says how a chunk is framed.

/** What Node keeps of a response without a type. */
interface NodeResponse extends ServerResponse {
  /** The head is on its way to the socket; `headersSent` says only that it was made. */
  readonly _headerSent?: boolean;
  readonly _hasBody?: boolean;
  /** Bytes that wait for a socket: responses to pipelined requests get it in turn. */
  readonly outputSize?: number;
}

const originalWrite = Reflect.get<OutgoingMessage, "write">(OutgoingMessage.prototype, "write");

/**
 * Node's own `write`. Tools that watch a process replace it before anything else is loaded, and other runtimes have
 * their own: then its text, which is Node's, is another.
 */
const ownWrite = /\bwrite_\(this, chunk, /.test(Function.prototype.toString.call(originalWrite))
  ? originalWrite
  : undefined;

/** Whether somebody is to see what is written to a response: compression, or a tool that counts. */
export function isWatched(res: ServerResponse): boolean {
  // As `res.write !== ownWrite`, which is slow on responses of Express: each has a hidden class of its own.
  return Object.hasOwn(res, "write") || (Object.getPrototypeOf(res) as ServerResponse).write !== ownWrite;
}

/**
 * The socket, if a chunk that is written there is what `write` would send. That stays so for as long as the response is
 * not watched, and neither has ended.
 */
export function socketOf(res: NodeResponse): Socket | undefined {
  const { socket } = res;
  const plain =
    res.chunkedEncoding &&
    res._headerSent === true &&
    res._hasBody === true &&
    res.outputSize === 0 &&
    // What is written to a corked response is held back there. Its count includes its socket's.
    res.writableCorked === socket?.writableCorked;
  return plain && socket ? socket : undefined;
}

/** Above this many bytes, a copy costs more than two more pieces in one write. */
const MAX_COPY_BYTES = 16 * 1024;

const framed = new WeakMap<Uint8Array, Buffer>();

/** Writes a chunk to a response's socket. Says whether there is room for more; if not, the socket tells by `drain`. */
export function writeChunk(socket: Socket, bytes: Uint8Array): boolean {
  // A part of something larger is made for one connection, so there is nobody to share a copy with.
  if (bytes.length <= MAX_COPY_BYTES && bytes.length === bytes.buffer.byteLength) return socket.write(frame(bytes));
  socket.cork();
  socket.write(head(bytes), "latin1");
  socket.write(bytes);
  const room = socket.write("\r\n", "latin1");
  socket.uncork();
  return room;
}

/** Framed once for all connections that are given the same bytes. */
function frame(bytes: Uint8Array): Buffer {
  let chunk = framed.get(bytes);
  if (chunk === undefined) {
    chunk = Buffer.concat([Buffer.from(head(bytes)), bytes, Buffer.from("\r\n")]);
    framed.set(bytes, chunk);
  }
  return chunk;
}

function head(bytes: Uint8Array): string {
  return `${bytes.length.toString(16)}\r\n`;
}
