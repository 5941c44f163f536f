import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connection } from "../delivery/connection.ts";
import { answerRequest, type StreamAnswer, type StreamStateOptions } from "./request.ts";
import { checkRequestAndResponse } from "./arguments.ts";
import { ResponseWriter } from "./response-writer.ts";
import type { StateStream } from "../state/state-stream.ts";

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
  options?: StreamStateOptions,
): Connection | undefined {
  checkRequestAndResponse(req, res);
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
 *
 * Where nothing wraps the response, each chunk is framed once for all connections and written to the response's socket;
 * else it goes through `res.write`: with compression, where `write` was replaced on the response or its prototype, over
 * HTTP/1.0 and HTTP/2. That is decided for each chunk.
 */
export function writeConnection(res: ServerResponse, connection: Connection, end?: () => void): void {
  new ResponseWriter(res, connection, end).start();
}
