import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/hono";
import { Hono } from "hono";
import { serve, serveFetch, serveOldest } from "./support/listen.ts";

describeAdapter("hono on @hono/node-server", (stream, options) =>
  serve(new Hono().all("/events", (c) => streamState(c, stream, options))),
);

describeAdapter("hono on the oldest @hono/node-server", (stream, options) =>
  serveOldest(new Hono().all("/events", (c) => streamState(c, stream, options))),
);

const noCut = "a body can only end or fail, and runtimes log one that fails and show the failure to the client";
describeAdapter(
  "hono as plain fetch",
  (stream, options) => serveFetch(new Hono().all("/events", (c) => streamState(c, stream, options))),
  { fails: { "stalled-cut": noCut, "end-stalled-cut": noCut, "revoked-mid-event": noCut } },
);
