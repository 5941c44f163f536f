import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { json as jsonOf } from "node:stream/consumers";
import { HttpAgent } from "@ag-ui/client";
import { getRequestListener } from "@hono/node-server";
import { type AgUiOptions, streamAgUi, writeAgUi } from "@statestream/ag-ui";
import { createStateStream, type StateStream } from "@statestream/core";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { describe, expect, it, vi } from "vitest";
import { framesOf, inputOf, typesOf } from "./support/frames.ts";
import { serve } from "./support/serve.ts";

type Serve = (stream: StateStream, options: AgUiOptions) => Promise<string>;

/** How an application of each framework answers with a stream, without a body parser and behind one. */
const fronts: Record<string, Serve> = {
  "node:http": (stream, options) => serve((req, res) => void writeAgUi(req, res, stream, options)),

  Express: (stream, options) => serve(express().all("/agent", (req, res) => writeAgUi(req, res, stream, options))),

  "Express behind express.json()": (stream, options) => {
    const app = express().use(express.json({ limit: "100mb" }));
    app.all("/agent", (req, res) => writeAgUi(req, res, stream, { ...options, input: req.body }));
    return serve(app);
  },

  Koa: (stream, options) => {
    const app = new Koa().use((ctx) => {
      ctx.respond = false;
      return writeAgUi(ctx.req, ctx.res, stream, options);
    });
    const listener = app.callback();
    return serve((req, res) => void listener(req, res));
  },

  "Koa behind a body parser": (stream, options) => {
    const app = new Koa<{ body?: unknown }>();
    app.use(async (ctx, next) => {
      if (ctx.method === "POST") ctx.state.body = await jsonOf(ctx.req).catch(() => ({}));
      return next();
    });
    app.use((ctx) => {
      ctx.respond = false;
      return writeAgUi(ctx.req, ctx.res, stream, { ...options, input: ctx.state.body });
    });
    const listener = app.callback();
    return serve((req, res) => void listener(req, res));
  },

  "Fastify behind its parser": async (stream, options) => {
    const app = fastify({ bodyLimit: 100_000_000 });
    app.route({
      method: ["GET", "POST"],
      url: "/agent",
      handler: (request, reply) => {
        reply.hijack();
        return writeAgUi(request.raw, reply.raw, stream, { ...options, input: request.body });
      },
    });
    await app.ready();
    return serve((req, res) => app.routing(req, res));
  },

  "Fastify without a parser": async (stream, options) => {
    const app = fastify();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    app.route({
      method: ["GET", "POST"],
      url: "/agent",
      handler: (request, reply) => {
        reply.hijack();
        return writeAgUi(request.raw, reply.raw, stream, options);
      },
    });
    await app.ready();
    return serve((req, res) => app.routing(req, res));
  },

  Hono: (stream, options) => {
    const app = new Hono().on(["GET", "POST"], "/agent", (c) => streamAgUi(c.req.raw, stream, options));
    const listener = getRequestListener(app.fetch);
    return serve((req, res) => void listener(req, res));
  },

  "Hono behind c.req.json()": (stream, options) => {
    const app = new Hono().on(["GET", "POST"], "/agent", async (c) => {
      const input: unknown = c.req.method === "POST" ? await c.req.json().catch(() => ({})) : undefined;
      return streamAgUi(c.req.raw, stream, { ...options, input });
    });
    const listener = getRequestListener(app.fetch);
    return serve((req, res) => void listener(req, res));
  },
};

const headers = { "content-type": "application/json" };

/** What is awaited comes from a socket of a machine that others may load. */
const soon = <T>(value: () => T) => expect.poll(value, { timeout: 10_000 });
vi.setConfig({ testTimeout: 20_000 });

describe.each(Object.entries(fronts))("%s", (_, start) => {
  it("runs the agent for an unmodified HttpAgent, which is equal at the end", async () => {
    const stream = createStateStream({ initialState: { step: 0, messages: [] as unknown[] } });
    const url = await start(stream, {
      messages: "messages",
      run: async (input) => {
        stream.set("messages", [...input.messages, { id: "a", role: "assistant", content: "" }]);
        for (const word of ["Hel", "lo"]) {
          stream.append("messages", "/1/content", word);
          stream.set("step", (step) => step + 1);
          await new Promise((resolve) => void setImmediate(resolve));
        }
      },
    });
    const agent = new HttpAgent({ url });
    agent.messages = [{ id: "u", role: "user", content: "Hi" }];
    await agent.runAgent();
    expect(agent.state).toEqual({ step: 2 });
    expect(agent.messages).toEqual(stream.state.messages);
    expect(stream.stats().connections).toBe(0);
  });

  it("follows by GET until the stream ends", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const response = await fetch(await start(stream, {}));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    await soon(() => stream.stats().connections).toBe(1);
    stream.set("step", 1);
    void stream.close();
    const types = typesOf(framesOf(await response.text()));
    expect(types).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "STATE_DELTA", "RUN_FINISHED"]);
  });

  it("answers bad input with 400", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const url = await start(stream, {});
    for (const body of [inputOf({ runId: 7 }), "{}"]) {
      const response = await fetch(url, { method: "POST", headers, body });
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code: "invalid-input" } }]);
    }
    expect(stream.stats().connections).toBe(0);
  });

  it("aborts the agent's signal when the client leaves in the run, and closes the connection", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    let signal: AbortSignal | undefined;
    const url = await start(stream, {
      run: (_, given) => {
        signal = given;
        return new Promise(() => undefined);
      },
    });
    const client = httpRequest(url, { method: "POST", headers });
    client.on("error", () => undefined);
    client.end(inputOf());
    const [response] = (await once(client, "response")) as [NodeJS.ReadableStream];
    await once(response, "data");
    await soon(() => signal).toBeDefined();
    expect(signal?.aborted).toBe(false);
    client.destroy();
    await soon(() => signal?.aborted).toBe(true);
    await soon(() => stream.stats().connections).toBe(0);
  });

  it("ends the run with RUN_ERROR when access is revoked in it, and sends nothing after", async () => {
    const stream = createStateStream({ initialState: { secret: "one" } });
    const revoked = new AbortController();
    const url = await start(stream, { revoked: revoked.signal, run: () => new Promise(() => undefined) });
    const response = await fetch(url, { method: "POST", headers, body: inputOf() });
    await soon(() => stream.stats().connections).toBe(1);
    revoked.abort();
    stream.set("secret", "two");
    const text = await response.text();
    expect(framesOf(text).at(-1)?.event).toMatchObject({ type: "RUN_ERROR", code: "revoked" });
    expect(text).not.toContain("two");
  });
});

// Where a parser stands in front, it has limits of its own.
describe.each(Object.entries(fronts).filter(([name]) => !name.includes("behind")))("%s", (_, start) => {
  it("reads an oversized body to its end, then answers 413", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const body = inputOf({ state: "x".repeat(20_000_000) });
    const response = await fetch(await start(stream, {}), { method: "POST", headers, body });
    expect([response.status, await response.json()]).toMatchObject([413, { error: { code: "too-large" } }]);
  });
});
