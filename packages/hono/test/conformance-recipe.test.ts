import { allCases } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { answerRequest } from "@statestream/core";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { serve } from "./support/listen.ts";

const headers = "streamSSE sets headers of its own";
const retry = "writeSSE writes no line outside an event";
const deaf = "writeSSE is done with an event when the server has taken it, not when the client has";

/**
 * What depends on the version of Node: whether events that are written one by one become one chunk, and whether the
 * framework learns that a client has left whose request is queued.
 */
const depends = new Set(["burst-one-write", "leave-pipelined"]);

const fails = {
  "status-and-headers": headers,
  "no-connection-header": headers,
  "head-answers": headers,
  "first-bytes": retry,
  "retry-spread": retry,
  "shared-bytes-written": "writeSSE encodes each event for each client",
  "stalled-released": deaf,
  "stalled-cut": deaf,
  "end-stalled-cut": deaf,
};

/** The recipe of the README: the framework's own writer, fed from the connection. What it cannot do is named. */
describeAdapter(
  "hono's writeSSE, by the recipe",
  (stream, options) =>
    serve(
      new Hono().all("/events", (c) => {
        const lastEventId = c.req.header("last-event-id");
        const { connect, status } = answerRequest(
          stream,
          { method: c.req.method, url: c.req.url, lastEventId },
          options,
        );
        if (connect === undefined) return c.body(null, status);
        return streamSSE(c, async (sse) => {
          const connection = connect(c.req.raw.signal);
          sse.onAbort(() => connection.close());
          for await (const event of connection) await sse.writeSSE(event);
        });
      }),
    ),
  {
    cases: allCases.filter(({ id }) => !depends.has(id)),
    tolerates: ["retry"],
    fails,
  },
);
