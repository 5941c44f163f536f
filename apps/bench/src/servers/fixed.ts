import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";
import type { Board } from "./board.ts";
import type { Contender, ContenderOptions, Framework } from "./contender.ts";
import { frameOf, snapshotOf } from "./protocol.ts";

const listeners: Record<Framework, (body: Buffer) => RequestListener> = {
  node: (body) => (_req, res) => void res.writeHead(200, { "content-length": body.length }).end(body),
  express(body) {
    const app = express();
    // Not `send`, which would hash a megabyte for its ETag each time.
    app.get("/", (_req, res) => void res.set("content-length", String(body.length)).end(body));
    return app;
  },
  koa(body) {
    const app = new Koa();
    app.use((ctx) => {
      ctx.body = body;
    });
    const listener = app.callback();
    return (req, res) => void listener(req, res);
  },
  hono(body) {
    const app = new Hono();
    const bytes = new Uint8Array(body);
    app.get("/", (c) => c.body(bytes, 200, { "content-length": String(body.length) }));
    const listener = getRequestListener(app.fetch);
    return (req, res) => void listener(req, res);
  },
};

/** The state as one response of the framework's, the same bytes for everybody, for ever. */
export function contend(board: Board, { framework = "node" }: ContenderOptions): Contender {
  const body = frameOf(snapshotOf(board.state, board.seq));
  return { server: createServer(listeners[framework](body)), publish() {} };
}
