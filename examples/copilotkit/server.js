import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { Hono } from "hono";

const stream = createStateStream({ initialState: { messages: [], doing: "Ready" } });

/** Stands in for a model: its answer comes word by word. */
async function answer({ messages, runId }) {
  const known = new Set(stream.state.messages.map(({ id }) => id));
  // At once, so that the asker's first snapshot has its own message too.
  stream.set("messages", (held) => [...held, ...messages.filter(({ id }) => !known.has(id))]);
  stream.set("doing", "Looking it up");
  await sleep(300);
  stream.set("messages", (held) => [...held, { id: runId, role: "assistant", content: "" }]);
  stream.set("doing", "Answering");
  const path = `/${stream.state.messages.length - 1}/content`;
  const text = `You asked: ${messages.at(-1)?.content} This answer comes word by word, as that of a model does. It grows on every page that is open, and a page that is loaded in the middle of it shows what there is and continues with the rest. That was the whole answer.`;
  for (const word of text.split(/(?<= )/)) {
    stream.append("messages", path, word);
    await sleep(150);
  }
  stream.set("doing", "Ready");
}

const app = new Hono();
app.on(["GET", "POST"], "/agent", (c) => streamAgUi(c.req.raw, stream, { messages: "messages", run: answer }));
app.use(serveStatic({ root: "dist" }));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: "127.0.0.1" }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
);
const stop = () => {
  server.close();
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
