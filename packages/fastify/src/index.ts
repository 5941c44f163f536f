import type { ServerResponse } from "node:http";
import { answerRequest, StateStreamError, type StateStream, type StreamStateOptions } from "@statestream/core";
import { writeBody } from "@statestream/core/node";
import { StreamPayload } from "./stream-payload.ts";

/** What the adapter needs of a request of Fastify 4 or 5. */
export interface StreamRequest {
  readonly raw: { readonly method?: string | undefined; readonly url?: string | undefined };
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What the adapter needs of a reply of Fastify 4 or 5. */
export interface StreamReply {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  code(status: 200 | 204): unknown;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  hijack(): unknown;
  send(payload: unknown): unknown;
}

/**
 * Answers a request of Fastify 4 or 5 with a stream, inside your own handler: routing, authorization and 404 stay yours.
 * Every hook runs, so headers and cookies of plugins reach the client; then the reply is hijacked and the stream writes to
 * the response. Returns the reply: return it from an asynchronous handler, as after every `reply.send`.
 *
 * Where a hook wraps the payload, or the reply has trailers, the bytes go through Fastify.
 *
 * @example
 * app.get("/events", (request, reply) => streamState(request, reply, stream));
 *
 * @throws {StateStreamError} `invalid-option`; `response-started`, where a reply has been sent
 */
export function streamState<Reply extends StreamReply>(
  request: StreamRequest,
  reply: Reply,
  stream: StateStream,
  options?: StreamStateOptions,
): Reply {
  const { method = "GET", url = "" } = request.raw;
  const lastEventId = request.headers["last-event-id"]?.toString();
  const answer = answerRequest(stream, { method, url, lastEventId }, options);
  if (reply.sent || reply.raw.headersSent) {
    throw new StateStreamError(
      "response-started",
      "The reply has been sent, so it cannot become a stream. Call streamState once for a request, before anything is sent.",
    );
  }
  reply.code(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) reply.header(name, value);
  // That of a body which the reply was given before.
  reply.removeHeader("content-length");
  const takeOver = (): void => {
    // Ends the time limit of the handler, and Fastify's part in the response.
    reply.hijack();
    writeBody(reply.raw, answer);
  };
  reply.send(new StreamPayload(reply.raw, takeOver, answer.connect));
  return reply;
}
