import { allCases } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/hono";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { expect, test } from "vitest";
import { serve } from "./support/listen.ts";

const headers = "streamSSE sets headers of its own";
const retry = "writeSSE writes no line outside an event";
const status = "streamSSE has answered 200 before there is anything to decide";
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

/** The framework's own writer, fed from the connection. What it cannot do is named. */
describeAdapter(
  "hono's writeSSE, fed by writeStateStream",
  (stream, options) =>
    serve(new Hono().all("/events", (c) => streamSSE(c, async (sse) => writeStateStream(sse, c, stream, options)))),
  {
    cases: allCases.filter(({ id }) => !depends.has(id)),
    tolerates: ["retry"],
    fails: {
      ...fails,
      "options-opens-nothing": status,
      "end-no-retry": status,
      "revoked-before": status,
      "revoked-mid-event": deaf,
    },
  },
);

test("events of the application's own reach the client beside those of the stream", async () => {
  const stream = createStateStream({ initialState: { n: 1 } });
  const app = new Hono().get("/events", (c) =>
    streamSSE(c, async (sse) => {
      await sse.writeSSE({ event: "hello", data: "{}" });
      await writeStateStream(sse, c, stream);
      await sse.writeSSE({ event: "bye", data: "{}" });
    }),
  );
  const mounted = await serve(app);
  try {
    const answer = fetch(mounted.url).then((response) => response.text());
    await expect.poll(() => stream.stats().connections).toBe(1);
    await stream.close();
    const events = (await answer).match(/(?<=^event: ).*/gm);
    expect(events).toEqual(["hello", "state.initial", "state.end", "bye"]);
  } finally {
    await mounted.close();
  }
});
