import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { machineNow, sleep } from "../measure/clock.ts";
import { Board, type Change } from "./board.ts";
import type { ContenderModule, ContenderOptions } from "./contender.ts";
import type { Order, Report } from "./orders.ts";

// A server under measurement, a process of its own: `node main.js <module> <kilobytes> <options>`. Orders come from the parent.

const [module = "", kilobytes = "1", options = "{}"] = process.argv.slice(2);
const { contend } = (await import(new URL(module, import.meta.url).href)) as ContenderModule;
const board = new Board(Number(kilobytes));
const contender = await contend(board, JSON.parse(options) as ContenderOptions);
const { server } = contender;
// Thousands come at once.
if (!server.listening) await once(server.listen(0, "127.0.0.1", 4096), "listening");

let prepared: Change[] = [];
let stamps: number[] = [];
let running = false;

process.on("message", (order: Order) => void obey(order));
process.on("disconnect", () => process.exit(0));
process.send?.({ port: (server.address() as AddressInfo).port });

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case "prepare":
      prepared = Array.from({ length: order.changes }, () => board.next(order.cloned));
      // Of what making them left behind.
      globalThis.gc?.();
      break;
    case "run":
      await run(order.perTick, order.perSecond);
      break;
    case "stream":
      await stream(order.changes);
      break;
    case "pace":
      void pace(order.perSecond);
      break;
    case "stop":
      running = false;
      break;
    case "report":
      if (order.collect) globalThis.gc?.();
      break;
  }
  process.send?.(report());
}

async function run(perTick: number, perSecond: number | undefined): Promise<void> {
  stamps = [];
  const start = machineNow();
  for (let at = 0; at < prepared.length; at += perTick) {
    for (const change of prepared.slice(at, at + perTick)) {
      stamps.push(machineNow());
      contender.publish(change);
    }
    if (perSecond === undefined) await new Promise(setImmediate);
    else await sleep(start + ((at + perTick) * 1000) / perSecond - machineNow());
  }
  prepared = [];
}

async function stream(changes: number): Promise<void> {
  for (let count = 0; count < changes; count++) {
    contender.publish(board.next());
    await new Promise(setImmediate);
  }
}

/** Returns when it receives the order to stop. */
async function pace(perSecond: number): Promise<void> {
  running = true;
  while (running) {
    contender.publish(board.next());
    await sleep(1000 / perSecond);
  }
}

function report(): Report {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    seq: board.seq,
    cpu: user + system,
    rss,
    peakRss: process.resourceUsage().maxRSS * 1024,
    heap: heapUsed,
    buffers: external,
    stamps,
    details: contender.details?.() ?? {},
  };
}
