import { answerRequest, type StateStream, type StreamStateOptions } from "@statestream/core";
import type { Context } from "hono";
import { bodyOf } from "./body.ts";
import { outgoingOf } from "./direct.ts";

/**
 * Answers a request with a stream, inside your own handler: routing, authorization and 404 stay yours. Headers and
 * cookies set by middleware, before and after `next()`, reach the client. The connection opens when the body is first
 * read, so a response that is thrown away, and HEAD, open nothing.
 *
 * On Node, bytes go straight to the response unless middleware wraps the body.
 *
 * @example
 * app.get("/events", (c) => streamState(c, stream));
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function streamState(c: Context, stream: StateStream, options?: StreamStateOptions): Response {
  const lastEventId = c.req.header("last-event-id");
  const answer = answerRequest(stream, { method: c.req.method, url: c.req.url, lastEventId }, options);
  const { connect, headers } = answer;
  if (connect === undefined) return c.body(null, answer.status, { ...headers });
  const outgoing = outgoingOf(c.env);
  // Not every runtime cancels the body of a client that left; on Node all do, and asking for the signal costs.
  const open = () => connect(outgoing === undefined ? c.req.raw.signal : undefined);
  return c.body(bodyOf(open, outgoing), 200, { ...headers });
}
