import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Message, RunAgentInput } from "@ag-ui/core";
import { serve } from "@hono/node-server";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { Hono } from "hono";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const page = read("../public/index.html");
const script = read("./page.js");

interface Thread {
  messages: Message[];
  /** What the agent is doing; absent while it does nothing. */
  thinking?: string;
}

const stream = createStateStream<Thread>({ initialState: { messages: [] } });

/** Stands in for a model: its answer comes word by word. */
async function answer({ messages, runId }: RunAgentInput): Promise<void> {
  const known = new Set(stream.state.messages.map(({ id }) => id));
  const question = messages.at(-1);
  // At once, so that the asker's first snapshot has its own message too.
  stream.set("messages", (held) => [...held, ...messages.filter(({ id }) => !known.has(id))]);
  stream.set("thinking", "Looking it up");
  await sleep(300);
  stream.set("thinking", undefined);
  stream.set("messages", (held) => [...held, { id: runId, role: "assistant", content: "" }]);
  const place = stream.state.messages.length - 1;
  const asked = typeof question?.content === "string" ? question.content : "";
  const text = `You asked: ${asked} The answer comes in many small pieces, and every page that is open shows them as they come.`;
  for (const word of text.split(/(?<= )/)) {
    stream.append("messages", `/${place}/content`, word);
    await sleep(60);
  }
}

const app = new Hono();
app.get("/", (c) => c.html(page));
app.get("/page.js", (c) => c.body(script, 200, { "content-type": "text/javascript" }));
// POST runs the agent, GET follows. The agent goes on when its client leaves: others may be reading.
app.on(["GET", "POST"], "/agent", (c) => streamAgUi(c.req.raw, stream, { messages: "messages", run: answer }));

const server = serve(
  { fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000), hostname: "127.0.0.1" },
  ({ port }) => {
    console.log(`http://127.0.0.1:${port}`);
  },
);

const stop = (): void => {
  server.close();
  // Ends each run with RUN_ERROR `draining`, after which the pages come back to the next server.
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
