import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connection } from "../delivery/connection.ts";
import { StateStreamError } from "../support/errors.ts";
import { answerRequest, type StreamAnswer, type StreamStateOptions } from "./request.ts";
import { checkRequestAndResponse } from "./arguments.ts";
import { isQueued } from "./queued-response.ts";
import { ResponseWriter } from "./response-writer.ts";
import type { StateStream } from "../state/stream.ts";
import type { ByteSource } from "./web-body.ts";

/**
 * Answers a request with a stream: for `node:http`, and for every framework that gives its response. Headers set on the
 * response before are kept. Returns the connection, or `undefined` where there is none: HEAD, OPTIONS, and a stream closed
 * for good.
 *
 * @example
 * createServer((req, res) => writeStateStream(req, res, stream)).listen(3000);
 *
 * @throws {StateStreamError} `invalid-option`; `response-started`, where the headers have been sent
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

/**
 * Writes an answer to a response whose headers have not been sent; for adapters.
 *
 * @throws {StateStreamError} `response-started`
 */
export function writeAnswer(res: ServerResponse, answer: StreamAnswer): Connection | undefined {
  setHead(res, answer);
  return writeBody(res, answer);
}

/**
 * Sets status and headers of an answer, and sends nothing; for adapters of frameworks that send the head later.
 *
 * @throws {StateStreamError} `response-started`
 */
export function setHead(res: ServerResponse, answer: StreamAnswer): void {
  if (res.headersSent || res.writableEnded) {
    throw new StateStreamError(
      "response-started",
      "The headers of the response have been sent, so it cannot become a stream. Answer a request with a stream once, before anything else is written to its response.",
    );
  }
  res.statusCode = answer.status;
  // That of a body which the framework was given before.
  res.removeHeader("content-length");
  for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
}

/** Sends the head, as far as that has not been done, and the body of an answer; for adapters. */
export function writeBody(res: ServerResponse, answer: StreamAnswer): Connection | undefined {
  if (answer.connect === undefined) {
    res.end();
    return undefined;
  }
  // What a queued response is given waits in memory, so it is given nothing before its turn.
  if (!res.headersSent && !isQueued(res)) res.flushHeaders();
  const connection = answer.connect();
  writeConnection(res, connection);
  return connection;
}

/**
 * Writes a connection to a response whose headers are out, until either ends; for adapters. The bytes are the
 * connection's own, handed on as they are. Ends the response when the connection ends, unless `end` is given to do it.
 *
 * Where nothing wraps the response, each chunk is encoded once for all connections and written to the response's socket;
 * else it goes through `res.write`: with compression, where `write` was replaced on the response or its prototype, over
 * HTTP/1.0 and HTTP/2. That is decided for each chunk.
 */
export function writeConnection(res: ServerResponse, connection: ByteSource, end?: () => void): void {
  new ResponseWriter(res, connection, end).start();
}
