import { serve } from "@hono/node-server";
import { createStateStream } from "@statestream/core";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const stream = createStateStream({ initialState: { memory: process.memoryUsage(), connections: 0 } });

const clock = setInterval(() => {
  // One commit: both slices of the same moment.
  stream.batch(() => {
    stream.set("memory", process.memoryUsage());
    stream.set("connections", stream.stats().connections);
  });
}, 1000);

const app = new Hono();

app.get("/events", (c) => {
  // Hono answers HEAD with the handler of GET: without this, it would open a connection that nobody reads.
  if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });

  const response = streamSSE(c, async (sse) => {
    const connection = stream.connect({
      lastEventId: c.req.header("last-event-id"),
      slices: c.req.queries("slices"),
    });
    sse.onAbort(() => connection.close());

    // Each write waits until the client takes it. Meanwhile the connection queues nothing: it is a position in the log.
    for await (const event of connection) await sse.writeSSE(event);
  });
  // Not keep-alive, as streamSSE has it: a socket kept for more requests would keep the process too, for five seconds.
  response.headers.set("connection", "close");
  return response;
});

const server = serve(
  { fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"] ?? 3000) },
  ({ port }) => console.log(`http://127.0.0.1:${port}/events`),
);

const stop = (): void => {
  // First, since a closed stream takes no more changes.
  clearInterval(clock);
  server.close();
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
