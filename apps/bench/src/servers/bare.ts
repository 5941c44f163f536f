import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";
import type { Board } from "./board.ts";
import type { Contender, ContenderOptions, Framework, WritePath } from "./contender.ts";
import { frameOf, HEADERS, snapshotOf, updateOf } from "./protocol.ts";

/** Where a frame goes: it is encoded once, for all. */
type Sink = (frame: Uint8Array) => void;

interface Audience {
  readonly snapshot: () => Uint8Array;
  readonly sinks: Set<Sink>;
}

/** What every framework's own response can do: a snapshot, then the same bytes for everybody. Knows no slow clients. */
function answer(res: ServerResponse, { snapshot, sinks }: Audience, path: WritePath): void {
  for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value);
  res.flushHeaders();
  res.write(snapshot());
  const { socket } = res;
  const sink: Sink = path === "socket" ? (chunk) => socket?.write(chunk) : (frame) => res.write(frame);
  sinks.add(sink);
  res.on("close", () => sinks.delete(sink));
}

const listeners: Record<Framework, (audience: Audience, path: WritePath) => RequestListener> = {
  node: (audience, path) => (_req, res) => answer(res, audience, path),
  express(audience, path) {
    const app = express();
    app.get("/", (_req, res) => answer(res, audience, path));
    return app;
  },
  koa(audience, path) {
    const app = new Koa();
    app.use((ctx) => {
      ctx.respond = false;
      ctx.status = 200;
      answer(ctx.res, audience, path);
    });
    const listener = app.callback();
    return (req, res) => void listener(req, res);
  },
  hono(audience, path) {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.get("/", (c) => {
      if (path === "web") return c.body(bodyOf(audience), 200, { ...HEADERS });
      answer(c.env.outgoing, audience, path);
      return RESPONSE_ALREADY_SENT;
    });
    const listener = getRequestListener(app.fetch);
    return (req, res) => void listener(req, res);
  },
};

function bodyOf({ snapshot, sinks }: Audience): ReadableStream<Uint8Array> {
  let sink: Sink;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(snapshot());
      sink = (frame) => controller.enqueue(frame);
      sinks.add(sink);
    },
    cancel: () => void sinks.delete(sink),
  });
}

/** A frame as a chunk of HTTP/1.1, ready for a socket. */
function chunkOf(frame: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${frame.length.toString(16)}\r\n`), frame, Buffer.from("\r\n")]);
}

/** The least that could be done: the operations are known, the frame is encoded once and written in a loop. */
export function contend(board: Board, { framework = "node", path = "write" }: ContenderOptions): Contender {
  const sinks = new Set<Sink>();
  const audience: Audience = { sinks, snapshot: () => frameOf(snapshotOf(board.state, board.seq)) };
  return {
    server: createServer(listeners[framework](audience, path)),
    publish(change) {
      const frame = frameOf(updateOf(change));
      const bytes = path === "socket" ? chunkOf(frame) : frame;
      for (const sink of sinks) sink(bytes);
    },
  };
}
