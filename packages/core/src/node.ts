import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connection } from "./connection.ts";
import { answerRequest, type StreamAnswer, type StreamOptions } from "./request.ts";
import type { StateStream } from "./state-stream.ts";

/** How long a response that was ended may take to leave before its socket is destroyed, in milliseconds. */
const LINGER_MS = 500;

/**
 * Answers a request with a stream: for `node:http`, and for every framework that gives its response. Headers set on the
 * response before are kept. Returns the connection, or `undefined` where there is none: HEAD, and a stream closed for good.
 *
 * @example
 * createServer((req, res) => writeStateStream(req, res, stream)).listen(3000);
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function writeStateStream(
  req: IncomingMessage,
  res: ServerResponse,
  stream: StateStream,
  options?: StreamOptions,
): Connection | undefined {
  const lastEventId = req.headers["last-event-id"];
  const request = { method: req.method ?? "GET", url: req.url ?? "", lastEventId: lastEventId?.toString() };
  return writeAnswer(res, answerRequest(stream, request, options));
}

/** Writes an answer to a response whose headers have not been sent; for adapters. */
export function writeAnswer(res: ServerResponse, answer: StreamAnswer): Connection | undefined {
  res.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
  if (answer.connect === undefined) {
    res.end();
    return undefined;
  }
  res.flushHeaders();
  const connection = answer.connect();
  writeConnection(res, connection);
  return connection;
}

/**
 * Writes a connection to a response whose headers are out, until either ends; for adapters. The bytes are the
 * connection's own, handed on as they are. Ends the response when the connection ends, unless `end` is given to do it.
 */
export function writeConnection(res: ServerResponse, connection: Connection, end: () => void = () => res.end()): void {
  let full = false;
  let ended = false;

  const write = (): void => {
    if (full && !connection.closed) return;
    for (let bytes = full ? undefined : connection.read(); bytes !== undefined; bytes = connection.read()) {
      full = !res.write(bytes);
      if (full) break;
    }
    // The compression middleware gives responses this method; without it, it holds events back.
    (res as { flush?: () => void }).flush?.();
    if (connection.closed && !ended) {
      ended = true;
      finish(res, full, end);
    }
  };

  // Writing to a socket that was reset reports an error here; a client that leaves is none.
  res.on("error", () => connection.close());
  res.on("close", () => connection.close());
  res.on("drain", () => {
    full = false;
    write();
  });
  connection.onReadable(write);
  // Events are not told again: the client may have left while the application was still deciding.
  if (res.destroyed || res.writableEnded) connection.close();
  else write();
}

/** Ends in order where the client has taken everything; else cuts it off, since an end would wait for it too. */
function finish(res: ServerResponse, full: boolean, end: () => void): void {
  if (full || res.destroyed) {
    res.destroy();
    return;
  }
  const { socket } = res;
  const timer = setTimeout(() => res.destroy(), LINGER_MS).unref();
  res.once("close", () => {
    clearTimeout(timer);
    // A server that no longer listens would wait out the keep-alive time of an idle socket.
    const server = (socket as { server?: { listening?: boolean } } | null)?.server;
    if (server?.listening === false) socket?.destroySoon();
  });
  end();
}
