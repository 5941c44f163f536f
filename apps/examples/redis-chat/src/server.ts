import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { StateStreamError } from "@statestream/core";
import { streamState } from "@statestream/hono";
import { createRedisBackplane } from "@statestream/redis";
import { Hono } from "hono";
import { createClient } from "redis";

const { PORT = 3000, REDIS_URL = "redis://127.0.0.1:6379" } = process.env;
const page = readFileSync(new URL("../public/index.html", import.meta.url), "utf8");

interface Room {
  messages: { id: string; text: string }[];
}
const empty: Room = { messages: [] };
const MAX_MESSAGES = 100;

const backplane = createRedisBackplane({
  redis: createClient({ url: REDIS_URL }),
  prefix: "chat",
  onError: (error) => console.error(error.message),
});

const app = new Hono();
app.get("/", (c) => c.html(page));

app.get("/rooms/:room{[a-z]+}", async (c) => {
  const room = c.req.param("room");
  // Creates a new room. While Redis is unreachable, rooms that this node has a copy of are served all the same.
  await backplane.update(room, empty, (state) => state, { timeoutMs: 1000 }).catch(() => undefined);
  return streamState(c, backplane.streams.get(room));
});

// Any node takes any message. The sender repeats a request that failed with the same key, on whatever node it reaches.
app.post("/rooms/:room{[a-z]+}", async (c) => {
  const id = c.req.header("idempotency-key") ?? randomUUID();
  const text = (await c.req.text()).slice(0, 1000);
  const add = ({ messages }: Room): Room => ({ messages: [...messages.slice(1 - MAX_MESSAGES), { id, text }] });
  try {
    const eventId = await backplane.update(c.req.param("room"), empty, add, { id, cause: { type: "message" } });
    return c.json({ eventId });
  } catch (error) {
    if (error instanceof StateStreamError && error.code === "timeout") return c.text("Try again.\n", 503);
    throw error;
  }
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(PORT) }, (address) => {
  console.log(`http://127.0.0.1:${address.port}`);
});
const stop = (): void => {
  server.close();
  void backplane.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
