import { getRequestListener } from "@hono/node-server";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { streamState as expressState } from "@statestream/express";
import { streamState as honoState } from "@statestream/hono";
import { streamState as koaState } from "@statestream/koa";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { createStateClient, type StateClient } from "../src/index.ts";
import { listen, type Listener } from "./support/net.ts";

// The recipes of the README, over the network.

interface State {
  readonly title: string;
  readonly count: number;
}

type Stream = WritableStateStream<State>;

const servers: [string, (stream: Stream) => Listener][] = [
  [
    "Hono",
    (stream) => {
      const app = new Hono();
      app.get("/events", (c) => honoState(c, stream));
      app.put("/title", async (c) => {
        stream.set("title", await c.req.text());
        return c.body(null, 204, { "statestream-event-id": stream.eventId });
      });
      const listener = getRequestListener(app.fetch);
      return (req, res) => void listener(req, res);
    },
  ],
  [
    "Express",
    (stream) => {
      const app = express();
      app.get("/events", (req, res) => expressState(req, res, stream));
      app.put("/title", express.text(), (req, res) => {
        stream.set("title", String(req.body));
        res.set("statestream-event-id", stream.eventId).sendStatus(204);
      });
      return app;
    },
  ],
  [
    "Koa",
    (stream) => {
      const app = new Koa();
      app.use(async (ctx) => {
        if (ctx.method === "GET") return koaState(ctx, stream);
        let title = "";
        for await (const chunk of ctx.req) title += String(chunk);
        stream.set("title", title);
        ctx.set("statestream-event-id", stream.eventId);
        ctx.status = 204;
      });
      const callback = app.callback();
      return (req, res) => void callback(req, res);
    },
  ],
];

let stream: Stream;
afterEach(() => stream.close());

async function serve(listener: (stream: Stream) => Listener): Promise<string> {
  stream = createStateStream<State>({ initialState: { title: "old", count: 0 } });
  const server = await listen(listener(stream));
  onTestFinished(() => server.stop());
  return `http://127.0.0.1:${server.port}`;
}

async function follow<S extends object>(
  url: string,
  slices?: (keyof S & string)[],
): Promise<ReturnType<typeof createStateClient<S>>> {
  const client = createStateClient<S>(`${url}/events`, slices && { slices });
  onTestFinished(client.close);
  await client.ready;
  return client;
}

/** As the page sends it. */
async function save(url: string, title: string): Promise<{ eventId: string }> {
  const response = await fetch(`${url}/title`, {
    method: "PUT",
    body: title,
    headers: { "content-type": "text/plain" },
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return { eventId: response.headers.get("statestream-event-id") ?? "" };
}

test.each(servers)(
  "a page of %s sees its change at once, and never the old value after it",
  async (_name, listener) => {
    const url = await serve(listener);
    const client: StateClient<State | undefined> = await follow<State>(url);
    const seen: (string | undefined)[] = [];
    client.subscribe(() => seen.push(client.getState()?.title));
    for (let round = 0; round < 10; round++) {
      const title = `title ${round}`;
      seen.length = 0;
      const saved = client.optimistic((state) => ({ ...state, title }), save(url, title));
      expect(client.getState()?.title).toBe(title);
      await saved;
      expect([client.getState()?.title, stream.state.title]).toEqual([title, title]);
      expect(new Set(seen)).toEqual(new Set([title]));
    }
    await expect(client.reached(stream.eventId)).resolves.toBeUndefined();
  },
);

test(
  "a client that follows some slices reaches a position of others within 250 ms, not with the next heartbeat",
  { timeout: 20_000 },
  async () => {
    const [[, hono]] = servers as [(typeof servers)[number]];
    const url = await serve(hono);
    const client = await follow<Pick<State, "title">>(url, ["title"]);
    const durations: number[] = [];
    for (let round = 0; round < 12; round++) {
      const start = performance.now();
      stream.batch(() => {
        stream.set("title", `title ${round}`);
        stream.set("count", (count) => count + 1);
      });
      await client.reached(stream.eventId, { timeoutMs: 5000 });
      durations.push(performance.now() - start);
      expect(client.getState()).toEqual({ title: `title ${round}` });
      // At another moment between two bookmarks each time.
      await new Promise((resolve) => setTimeout(resolve, 37 * round));
    }
    // The first connects again, to ask for bookmarks. This machine may be busy, so one in ten may be late.
    const late = durations.slice(1).filter((ms) => ms > 260);
    expect(late.length, `${durations.map(Math.round).join(", ")} ms`).toBeLessThanOrEqual(1);
  },
);
