import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import type { StateStream } from "@statestream/core";
import * as forExpress from "@statestream/express";
import * as forHono from "@statestream/hono";
import * as forKoa from "@statestream/koa";
import { createRedisBackplane } from "@statestream/redis";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";
import { shiftClock } from "./clock.ts";
import { serveMetrics } from "./metrics/serve-metrics.ts";
import { openLog } from "./log.ts";
import { OnceLoad, onceBackplane, type OnceKind, type OnceState } from "./once-load.ts";
import { redisAt } from "./redis-link.ts";
import { backplaneSettings, STREAM } from "./settings.ts";
import { hashOf } from "./state.ts";

// A serving node, a process of its own: `node serving-node.js <name> <framework> <port> <redis port> <metrics port> <dir>`.

export type NodeOrder =
  | { readonly do: "report" }
  /** Stops taking clients, hands over those it has, and ends. */
  | { readonly do: "drain" }
  /** Begins no further operation. */
  | { readonly do: "idle" }
  | { readonly do: "created"; readonly from: number }
  | { readonly do: "join"; readonly from: number; readonly ms: number }
  | { readonly do: "clock"; readonly ms: number };

export interface NodeReport {
  readonly eventId: string | undefined;
  readonly hash: string;
  readonly rss: number;
  readonly connections: number;
  readonly stream: unknown;
  readonly backplane: unknown;
  readonly operations: Readonly<Partial<Record<OnceKind, OnceState>>>;
}

const [name = "", framework = "", port = "", redisPort = "", metricsPort = "", dir = ""] = process.argv.slice(2);

const backplane = createRedisBackplane({
  ...backplaneSettings,
  redis: redisAt(Number(redisPort)),
  onError: (error) => console.error(new Date().toISOString(), error),
});
serveMetrics(Number(metricsPort), () => backplane.streams);

const log = openLog(dir, name);
const operations = onceBackplane(Number(redisPort), log);
const load = new OnceLoad(operations, log, name);

let draining = false;
const stream = (): StateStream => backplane.streams.get(STREAM);

const mounts: Record<string, () => Server> = {
  hono() {
    const app = new Hono();
    app.get("/ready", (c) => c.text(name, draining ? 503 : 200));
    app.get("/debug", (c) => c.json(report()));
    app.get("/events", (c) => {
      c.header("x-node", name);
      return forHono.streamState(c, stream());
    });
    return serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" }) as Server;
  },
  express() {
    const app = express();
    app.get("/ready", (_req, res) => void res.status(draining ? 503 : 200).send(name));
    app.get("/debug", (_req, res) => void res.json(report()));
    app.get("/events", (req, res) => {
      res.setHeader("x-node", name);
      forExpress.streamState(req, res, stream());
    });
    return app.listen(Number(port), "127.0.0.1");
  },
  koa() {
    const app = new Koa();
    app.use((ctx) => {
      if (ctx.path === "/ready") {
        ctx.status = draining ? 503 : 200;
        ctx.body = name;
      } else if (ctx.path === "/debug") {
        ctx.body = report();
      } else if (ctx.path === "/events") {
        ctx.set("x-node", name);
        forKoa.streamState(ctx, stream());
      }
    });
    return app.listen(Number(port), "127.0.0.1");
  },
};

const mount = mounts[framework];
if (mount === undefined) throw new Error(`There is no framework ${framework}.`);
const server = mount();
server.once("listening", () => process.send?.({ notice: "listening" }));

function report(): NodeReport {
  const current = stream();
  const stats = current.stats();
  return {
    eventId: current.eventId,
    hash: hashOf(current.state),
    rss: process.memoryUsage.rss(),
    connections: stats.connections,
    stream: stats,
    backplane: backplane.stats(),
    operations: load.states(),
  };
}

/** Milliseconds until HAProxy has seen that this node is not ready any more. */
const NOTICED_MS = 800;

async function drain(): Promise<void> {
  draining = true;
  load.stop();
  await new Promise((resolve) => setTimeout(resolve, NOTICED_MS));
  await Promise.all([backplane, operations].map((each) => each.close({ reason: "draining" })));
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  // A client that does not take its end is cut off.
  setTimeout(() => process.exit(0), 1500);
}

function obey(order: NodeOrder): unknown {
  if (order.do === "report") return report();
  if (order.do === "created") return load.created(order.from);
  if (order.do === "join") return load.join(order.from, order.ms);
  if (order.do === "clock") shiftClock(order.ms);
  if (order.do === "idle") load.stop();
  if (order.do === "drain") void drain();
  return undefined;
}

process.on("message", ({ call, order }: { call: number; order: NodeOrder }) => {
  void (async () => process.send?.({ call, value: await obey(order) }))();
});
process.on("disconnect", () => process.exit(0));
