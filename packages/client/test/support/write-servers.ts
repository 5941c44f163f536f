import { getRequestListener } from "@hono/node-server";
import type { StateStream } from "@statestream/core";
import { streamState as fetchState } from "@statestream/core/fetch";
import { streamState as expressState } from "@statestream/express";
import { streamState as fastifyState } from "@statestream/fastify";
import { streamState as honoState } from "@statestream/hono";
import { streamState as koaState } from "@statestream/koa";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import type { Listener } from "./listen.ts";

/** Changes the title, and resolves with the position after the change. */
export type SetTitle = (title: string) => string | Promise<string>;

/** The recipes of the README, on each framework: a stream, and a route that answers a write with its position. */
export const writeServers: readonly [name: string, serve: (stream: StateStream, setTitle: SetTitle) => Listener][] = [
  [
    "Hono",
    (stream, setTitle) => {
      const app = new Hono();
      app.get("/events", (c) => honoState(c, stream));
      app.put("/title", async (c) => {
        const eventId = await setTitle(await c.req.text());
        return c.body(null, 204, { "statestream-event-id": eventId });
      });
      const listener = getRequestListener(app.fetch);
      return (req, res) => void listener(req, res);
    },
  ],
  [
    "Express",
    (stream, setTitle) => {
      const app = express();
      app.get("/events", (req, res) => expressState(req, res, stream));
      app.put("/title", express.text(), async (req, res) => {
        const eventId = await setTitle(String(req.body));
        res.set("statestream-event-id", eventId).sendStatus(204);
      });
      return app;
    },
  ],
  [
    "Koa",
    (stream, setTitle) => {
      const app = new Koa();
      app.use(async (ctx) => {
        if (ctx.method === "GET") return koaState(ctx, stream);
        let title = "";
        for await (const chunk of ctx.req) title += String(chunk);
        const eventId = await setTitle(title);
        ctx.set("statestream-event-id", eventId);
        ctx.status = 204;
      });
      const callback = app.callback();
      return (req, res) => void callback(req, res);
    },
  ],
  [
    "Fastify",
    (stream, setTitle) => {
      const app = fastify();
      app.get("/events", (request, reply) => fastifyState(request, reply, stream));
      app.put<{ Body: string }>("/title", async (request, reply) => {
        const eventId = await setTitle(request.body);
        return reply.header("statestream-event-id", eventId).code(204).send();
      });
      return (req, res) => void app.ready(() => app.routing(req, res));
    },
  ],
  [
    "Request and Response",
    (stream, setTitle) => {
      const answer = async (request: Request): Promise<Response> => {
        if (request.method === "GET") return fetchState(request, stream);
        const eventId = await setTitle(await request.text());
        return new Response(null, { status: 204, headers: { "statestream-event-id": eventId } });
      };
      const listener = getRequestListener(answer);
      return (req, res) => void listener(req, res);
    },
  ],
];

/** As a page sends it. */
export async function putTitle(url: string, title: string): Promise<{ eventId: string }> {
  const response = await fetch(`${url}/title`, {
    method: "PUT",
    body: title,
    headers: { "content-type": "text/plain" },
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return { eventId: response.headers.get("statestream-event-id") ?? "" };
}
