import { serve } from "@hono/node-server";
import { streamState } from "@statestream/hono";
import { createRedisBackplane } from "@statestream/redis";
import { Hono } from "hono";
import { createClient } from "redis";

// One node of a task board whose tasks are rows of a slice, a child process of the test: its port, and where Redis is.

/** @typedef {{ id: string, title: string, column: string }} Task */
/** @typedef {{ method: string, id: string, body: Partial<Task> }} Change */

/** How long a change waits for a node that leads: longer than the lease of one that was killed. */
const MAX_WAIT_MS = 10_000;

const [, , port, url = ""] = process.argv;
// Without the test nobody would end it.
process.on("disconnect", () => process.exit());

const backplane = createRedisBackplane({
  redis: createClient({ url }),
  leaseMs: 2000,
  stream: { heartbeatMs: 2000, retryMs: 250 },
  // The test reads what clients saw.
  onError() {},
});
const writer = backplane.writer("tasks", {
  initialState: {
    /** @type {Task[]} */
    tasks: [
      { id: "task-1", title: "one", column: "todo" },
      { id: "task-2", title: "two", column: "todo" },
      { id: "task-3", title: "three", column: "doing" },
      { id: "task-4", title: "four", column: "done" },
    ],
  },
  /** @returns {string} */
  onCommand(command) {
    const { method, id, body } = /** @type {Change} */ (command);
    writer.set("tasks", (tasks) => {
      if (method === "POST") return [...tasks, /** @type {Task} */ ({ ...body, id })];
      if (method === "DELETE") return tasks.filter((task) => task.id !== id);
      return tasks.map((task) => (task.id === id ? { ...task, ...body } : task));
    });
    return writer.eventId;
  },
  onLeadership: (leads) => void process.send?.({ leads }),
});

const app = new Hono();
app.get("/events", (c) => streamState(c, backplane.streams.get("tasks")));
app.on(["POST", "PATCH", "DELETE"], "/api/tasks/:id", async (c) => {
  const { method } = c.req;
  const body = method === "DELETE" ? {} : await c.req.json();
  const key = c.req.header("idempotency-key");
  const change = { method, id: c.req.param("id"), body };
  const eventId = await backplane.send("tasks", change, { timeoutMs: MAX_WAIT_MS, ...(key && { id: key }) });
  return c.body(null, 204, { "statestream-event-id": String(eventId) });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) }, () => void process.send?.({ serves: true }));
