import { answerRequest, type StreamStateOptions } from "./request.ts";
import type { StateStream } from "../state/stream.ts";
import { webBody } from "./web-body.ts";

/**
 * Answers a request with a stream: for every runtime and framework that turns a `Request` into a `Response`. The connection
 * opens when the body is first read, so a response that is discarded, HEAD and OPTIONS open nothing.
 *
 * It closes when the body is cancelled or the request's signal is aborted. Where a runtime does neither for a client that
 * has left, it closes `maxStallMs` after the first heartbeat that nobody reads.
 *
 * @example
 * export const GET = (request: Request) => streamState(request, stream);
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function streamState(request: Request, stream: StateStream, options?: StreamStateOptions): Response {
  const { method, url, signal } = request;
  const lastEventId = request.headers.get("last-event-id") ?? undefined;
  const { status, headers, connect } = answerRequest(stream, { method, url, lastEventId }, options);
  return new Response(connect && webBody(() => connect(signal)), { status, headers });
}
