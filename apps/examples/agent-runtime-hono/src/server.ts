import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { createStateStream, eventBusSource } from "@statestream/core";
import { streamState } from "@statestream/hono";
import { Hono } from "hono";

const conversation: { role: "user" | "agent"; text: string }[] = [];
const state = { conversation, thoughts: [] as string[], memory: [] as string[] };
const bus = new EventEmitter();

/** What each action does to the state, in place. */
const reducers = {
  "user/asked": (text: string) => conversation.push({ role: "user", text }, { role: "agent", text: "" }),
  "agent/thought": (text: string) => state.thoughts.push(text),
  "agent/wrote": (piece: string) => (conversation.at(-1)!.text += piece),
  "agent/finished": (text: string) => state.memory.push(text, ...state.thoughts.splice(0)),
};

function dispatch(type: keyof typeof reducers, payload: string, ...changed: (keyof typeof state)[]): void {
  const causingAction = { type, payload, meta: { __ellie: { actionId: randomUUID() } } };
  reducers[type](payload);
  for (const slice of changed) bus.emit("change", { slice, after: state[slice], causingAction });
}

const stream = createStateStream({
  source: eventBusSource({ getState: () => state, bus }),
  // Asked again on every change: thoughts are shown while there are any, the memory never.
  slices: ({ thoughts }) => (thoughts.length > 0 ? ["conversation", "thoughts"] : ["conversation"]),
});

const page = readFileSync(new URL("../public/index.html", import.meta.url), "utf8");
const app = new Hono();
app.get("/", (c) => c.html(page));
app.get("/events", (c) => streamState(c, stream));
app.post("/ask", async (c) => {
  if (state.thoughts.length > 0) return c.text("It is still thinking.\n", 409);
  const text = c.req.query("text") ?? "";
  dispatch("user/asked", text, "conversation");
  dispatch("agent/thought", "This looks like a question about letters.", "thoughts");
  for (const piece of `Your question has ${text.replace(/\W/g, "").length} letters.`.split(/(?= )/)) {
    await setTimeout(200);
    dispatch("agent/wrote", piece, "conversation");
  }
  dispatch("agent/finished", text, "thoughts", "memory");
  return c.body(null, 204, { connection: "close" }); // An idle socket would make Ctrl-C wait.
});

const server = serve(
  { fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"] ?? 3000) },
  ({ port }) => console.log(`http://127.0.0.1:${port}`),
);
const stop = (): void => {
  server.close();
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
