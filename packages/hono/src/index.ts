import { answerRequest, type StateStream, type StreamStateOptions } from "@statestream/core";
import { webBody } from "@statestream/core/fetch";
import type { Context } from "hono";
import { nodeBody } from "#node-response";
import { keepQuietResponse } from "./bun-timeout.ts";

export { writeStateStream } from "./write.ts";

/**
 * Answers a request with a stream, inside your own handler: routing, authorization and 404 stay yours. Headers and
 * cookies set by middleware, before and after `next()`, reach the client. The connection opens when the body is first
 * read, so a response that is discarded, HEAD and OPTIONS open nothing.
 *
 * On Node, bytes go straight to the response unless middleware wraps the body.
 *
 * @example
 * app.get("/events", (c) => streamState(c, stream));
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function streamState(c: Context, stream: StateStream, options?: StreamStateOptions): Response {
  const { method, url } = c.req;
  const answer = answerRequest(stream, { method, url, lastEventId: c.req.header("last-event-id") }, options);
  const { connect, headers } = answer;
  if (connect === undefined) return c.body(null, answer.status, { ...headers });
  keepQuietResponse(c.env, c.req.raw);
  // Node cancels the body of a client that has left, and reading the signal costs there; not every runtime cancels.
  const body = nodeBody(c.env, connect) ?? webBody(() => connect(c.req.raw.signal));
  return c.body(body, 200, { ...headers });
}
