import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createStateStream, createStateViews, type StateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import * as forExpress from "@statestream/express";
import * as forHono from "@statestream/hono";
import * as forKoa from "@statestream/koa";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";
import type { Board } from "./board.ts";
import type { Contender, ContenderOptions, Framework, Groups, WritePath } from "./contender.ts";
import { SLICE } from "./protocol.ts";

const listeners: Record<Framework, (stream: StateStream) => RequestListener> = {
  node: (stream) => (req, res) => void writeStateStream(req, res, stream),
  express(stream) {
    const app = express();
    app.get("/", (req, res) => {
      forExpress.streamState(req, res, stream);
    });
    return app;
  },
  koa(stream) {
    const app = new Koa();
    app.use((ctx) => forKoa.streamState(ctx, stream));
    const listener = app.callback();
    return (req, res) => void listener(req, res);
  },
  hono(stream) {
    const app = new Hono();
    app.get("/", (c) => forHono.streamState(c, stream));
    const listener = getRequestListener(app.fetch);
    return (req, res) => void listener(req, res);
  },
};

/** Writes that went through a response's own `write`, where that was forced. */
let forcedWrites = 0;

class CountingResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override write(...args: unknown[]): boolean {
    forcedWrites++;
    return super.write(...(args as [string]));
  }
}

function serverOf(listener: RequestListener, framework: Framework, path: WritePath): Server {
  if (path === "socket") return createServer(listener);
  // Hono's adapter takes a property of the response's own for a wrapper, and uses a web stream. Express replaces the prototype.
  if (path === "write" && framework !== "express") return createServer({ ServerResponse: CountingResponse }, listener);
  return createServer((req, res) => {
    // oxlint-disable-next-line typescript/unbound-method -- its `this` is the response that it becomes a property of
    res.write = CountingResponse.prototype.write;
    listener(req, res);
  });
}

/** How often something this large was made into bytes: snapshots. */
let largeEncodes = 0;

function countEncodesOver(characters: number): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with the encoder below
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = function (text) {
    if (text !== undefined && text.length > characters) largeEncodes++;
    return encode.call(this, text);
  };
}

/** Answers each client according to the group it is in. */
function listenerOf(stream: StateStream<Record<string, unknown>>, { by, count, run }: Groups): RequestListener {
  const views = createStateViews(stream, (state) => ({ [SLICE]: state[SLICE] }));
  let clients = 0;
  return (req, res) => {
    const group = `group ${Math.floor(clients++ / run) % count}`;
    if (by === "view") void writeStateStream(req, res, views.get(group));
    else void writeStateStream(req, res, stream, { slices: [SLICE, group] });
  };
}

/** The whole pipeline, from the state to the socket. */
export function contend(board: Board, options: ContenderOptions): Contender {
  const { framework = "node", path = "socket", countEncodes } = options;
  if (countEncodes !== undefined) countEncodesOver(countEncodes);
  const stream = createStateStream<Record<string, unknown>>({
    initialState: { [SLICE]: board.state },
    ...(options.wholeValues ? { differ: () => undefined } : {}),
    ...options.stream,
  });
  const listener = options.groups === undefined ? listeners[framework](stream) : listenerOf(stream, options.groups);
  return {
    server: serverOf(listener, framework, path),
    publish: ({ state }) => stream.set(SLICE, state),
    details() {
      const { bytesWritten, logBytes, connections, snapshots, closed } = stream.stats();
      const sum = (counts: Readonly<Record<string, number>>): number =>
        Object.values(counts).reduce((total, count) => total + count, 0);
      return {
        bytesWritten,
        logBytes,
        connections,
        snapshots: sum(snapshots),
        closed: sum(closed),
        forcedWrites,
        largeEncodes,
      };
    },
  };
}
