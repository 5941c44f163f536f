import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import * as forExpress from "@statestream/express";
import * as forHono from "@statestream/hono";
import * as forKoa from "@statestream/koa";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";

// The server's side of a measurement, a process of its own: `node server.js <framework>`. Orders come from the parent.

interface BenchState extends Record<string, unknown> {
  counter: { n: number; label: string };
  /** Makes a snapshot as large as the parent asks. */
  ballast: string;
}

export type Order =
  /** Changes the counter this often, one change per turn of the event loop. */
  | { readonly do: "update"; readonly times: number }
  /** Sends this many bytes as a changed value, so often, until told otherwise. */
  | { readonly do: "flood"; readonly bytes: number; readonly perSecond: number }
  | { readonly do: "report" };

export interface Report {
  readonly n: number;
  readonly connections: number;
  readonly bytesWritten: number;
  readonly closed: Readonly<Record<string, number>>;
  readonly snapshots: Readonly<Record<string, number>>;
  /** Bytes, after a garbage collection. */
  readonly rss: number;
  readonly heap: number;
  readonly buffers: number;
  /** Microseconds of CPU since the start. */
  readonly cpu: number;
}

const mounts: Record<string, (stream: WritableStateStream<BenchState>) => Server | ServerType> = {
  hono(stream) {
    const app = new Hono();
    app.get("/", (c) => forHono.streamState(c, stream));
    return serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  },
  express(stream) {
    const app = express();
    app.get("/", (req, res) => {
      forExpress.streamState(req, res, stream);
    });
    return app.listen(0, "127.0.0.1");
  },
  koa(stream) {
    const app = new Koa();
    app.use((ctx) => forKoa.streamState(ctx, stream));
    return app.listen(0, "127.0.0.1");
  },
  node: (stream) => createServer((req, res) => void writeStateStream(req, res, stream)).listen(0, "127.0.0.1"),
};

const stream = createStateStream<BenchState>({
  initialState: { counter: { n: 0, label: "a counter that is changed again and again" }, ballast: "" },
});
const server = mounts[process.argv[2] ?? ""]?.(stream);
if (server === undefined) throw new Error(`No such framework: ${process.argv[2]}`);
if (!server.listening) await once(server, "listening");
process.send?.({ port: (server.address() as AddressInfo).port });

let flood: NodeJS.Timeout | undefined;

process.on("message", (order: Order) => {
  if (order.do === "update") void update(order.times);
  if (order.do === "report") process.send?.(report());
  if (order.do === "flood") {
    clearInterval(flood);
    let round = 0;
    flood = setInterval(() => stream.set("ballast", String(++round).padEnd(order.bytes, "x")), 1000 / order.perSecond);
  }
});
process.on("disconnect", () => process.exit(0));

async function update(times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    stream.set("counter", (counter) => ({ ...counter, n: counter.n + 1 }));
    await new Promise(setImmediate);
  }
  process.send?.(report());
}

function report(): Report {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { connections, bytesWritten, closed, snapshots } = stream.stats();
  const { n } = stream.state.counter;
  return {
    n,
    connections,
    bytesWritten,
    closed,
    snapshots,
    rss,
    heap: heapUsed,
    buffers: external,
    cpu: user + system,
  };
}
