import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import { getRequestListener } from "@hono/node-server";
import type { StateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import * as forExpress from "@statestream/express";
import * as forHono from "@statestream/hono";
import * as forKoa from "@statestream/koa";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";

/** A handler of each framework that streams whatever stream is the current one. */
const listeners: Record<string, (current: () => StateStream) => RequestListener> = {
  node: (current) => (req, res) => void writeStateStream(req, res, current()),
  hono(current) {
    const app = new Hono();
    app.get("/events", (c) => forHono.streamState(c, current()));
    const listener = getRequestListener(app.fetch);
    return (req, res) => void listener(req, res);
  },
  express(current) {
    const app = express();
    app.get("/events", (req, res) => void forExpress.streamState(req, res, current()));
    return app;
  },
  koa(current) {
    const app = new Koa();
    app.use((ctx) => forKoa.streamState(ctx, current()));
    const callback = app.callback();
    return (req, res) => void callback(req, res);
  },
};

export const FRAMEWORKS: readonly string[] = Object.keys(listeners);

export async function serveStream(framework: string, current: () => StateStream): Promise<Server> {
  const listener = listeners[framework];
  if (listener === undefined) throw new Error(`There is no framework ${framework}.`);
  const server = createServer(listener(current)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
