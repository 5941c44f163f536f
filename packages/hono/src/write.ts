import { answerRequest, type StateStream, type StreamStateOptions } from "@statestream/core";
import type { Context } from "hono";
import type { SSEStreamingApi } from "hono/streaming";

/**
 * Writes a stream into a `streamSSE` that is open, for handlers that send events of their own beside it. Send those without
 * an `id`: event IDs are the stream's, and a client resumes from the last one. Resolves when the connection is closed.
 *
 * Hono writes each event by itself, and takes it for sent when the server has taken it: prefer `streamState` where the
 * response carries nothing else. Where `streamState` would answer 204, it writes `state.end`, since the status has been sent.
 *
 * @example
 * app.get("/events", (c) =>
 *   streamSSE(c, async (sse) => {
 *     await sse.writeSSE({ event: "hello", data: "{}" });
 *     await writeStateStream(sse, c, stream);
 *   }),
 * );
 *
 * @throws {StateStreamError} `invalid-option`
 */
export async function writeStateStream(
  sse: SSEStreamingApi,
  c: Context,
  stream: StateStream,
  options?: StreamStateOptions,
): Promise<void> {
  const { method, url } = c.req;
  const { connect } = answerRequest(stream, { method, url, lastEventId: c.req.header("last-event-id") }, options);
  if (method === "HEAD" || method === "OPTIONS") return;
  const { signal } = c.req.raw;
  const connection = connect?.(signal) ?? stream.connect({ signal, revoked: options?.revoked });
  sse.onAbort(() => connection.close());
  if (sse.aborted) connection.close();
  for await (const event of connection) await sse.writeSSE(event);
}
