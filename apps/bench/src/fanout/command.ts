import type { Command, RunOptions } from "../command.ts";
import { median } from "../measure/statistics.ts";
import type { BarChart, Result, Table } from "../report/result.ts";
import { renderCell } from "../report/table.ts";
import { measureBursts } from "./bursts.ts";
import { measureCurve } from "./curve.ts";
import { FRAMEWORKS } from "../servers/contender.ts";
import { bare, nchan, ours, peers } from "./entries.ts";
import { type Entry, measure, type Measured, type Plan } from "./measure.ts";
import { ratioOf } from "./ratio.ts";

const KILOBYTES = 200;
const CONNECTIONS = 1000;

export const fanout: Command = {
  name: "fanout",
  summary: "what a change costs the server per client, and how soon it is there",
  packages: ["hono", "@hono/node-server", "express", "koa", "better-sse", "@fastify/sse", "fastify", "fast-json-patch"],
  minutes: { full: 8, quick: 2 },
  checked: true,
  run,
};

async function run(options: RunOptions): Promise<Result> {
  const plan: Plan = {
    kilobytes: KILOBYTES,
    connections: CONNECTIONS,
    rounds: options.quick ? 3 : 7,
    changes: 60,
    latencySeconds: options.quick ? 0 : 4,
    progress: options.progress,
  };
  const ofNchan: Entry[] = nchan === undefined ? [] : [nchan];
  // nginx's CPU is known to ten milliseconds only.
  const sockets = await measure([bare.socket, ...ofNchan, ...FRAMEWORKS.map(ours.socket)], { ...plan, changes: 100 });
  const writes = await measure([...FRAMEWORKS.map(bare.write), ...FRAMEWORKS.map(ours.write)], plan);
  const webs = await measure([bare.web, ours.web], plan);
  const others = await measure([ours.socket("node"), ours.socket("hono"), ours.cloned, ...Object.values(peers)], plan);
  const bursts = await measureBursts(plan, options.quick ? [16] : [4, 16, 64]);
  const curve = options.quick ? undefined : await measureCurve(plan);

  return {
    title: `Fan-out: one change of a ${KILOBYTES} KB state to ${CONNECTIONS.toLocaleString("en-US")} clients`,
    tables: [
      tableOf("Socket: nothing is in the way of the response", sockets, nchan === undefined ? ["nginx + nchan"] : []),
      tableOf("Write: something wraps the response's `write`", writes),
      tableOf("Web stream: something wraps the body", webs),
      tableOf("Others, and the route that everybody writes", others),
      ...bursts.tables,
      ...(curve?.tables ?? []),
    ],
    ratios: [
      ...FRAMEWORKS.map((framework) =>
        ratioOf(sockets, ours.socket(framework), bare.socket, { better: "lower", target: 1.1 }),
      ),
      ...(nchan === undefined ? [] : FRAMEWORKS).map((framework) =>
        ratioOf(sockets, ours.socket(framework), nchan as Entry, { better: "lower", target: 1.05 }),
      ),
      ...FRAMEWORKS.map((framework) =>
        ratioOf(writes, ours.write(framework), bare.write(framework), { better: "lower", target: 1.15 }),
      ),
      ratioOf(webs, ours.web, bare.web, { better: "lower", target: 1.15 }),
      ratioOf(others, peers.naive, ours.socket("hono"), { better: "higher", target: 90 }),
      ratioOf(others, peers.naiveCloned, ours.cloned, { better: "higher", target: 150 }),
      ratioOf(others, peers.betterSse, ours.socket("node"), { better: "higher", target: 2 }),
      ratioOf(others, peers.fastifySse, ours.socket("node"), { better: "higher" }),
      ratioOf(others, peers.streamSse, ours.socket("hono"), { better: "higher" }),
      ...bursts.ratios,
    ].filter((ratio) => ratio !== undefined),
    charts: [barsOf([...sockets, ...webs, ...others]), ...(curve?.charts ?? [])],
  };
}

function tableOf(title: string, measured: readonly Measured[], missing: readonly string[] = []): Table {
  const withLatency = measured.some(({ latency }) => latency !== undefined);
  return {
    title,
    note:
      "CPU of the server's process, user and system, in microseconds per delivered frame: median of the rounds. " +
      `Reading and checking it all took ${renderCell(median(measured.flatMap(({ readerUs }) => readerUs)))} in a process of its own.`,
    rows: [
      ...measured.map(({ name, wrong, us, latency, rssPerConnection, heapPerConnection }) =>
        wrong === undefined
          ? {
              "": name,
              "CPU us/frame": median(us),
              ...(withLatency ? { "p50 ms": latency?.p50 ?? "", "p99 ms": latency?.p99 ?? "" } : {}),
              "RSS KB/conn": rssPerConnection / 1024,
              "heap KB/conn": heapPerConnection === 0 ? "" : heapPerConnection / 1024,
            }
          : { "": name, "CPU us/frame": `wrong: ${wrong}` },
      ),
      ...missing.map((name) => ({ "": name, "CPU us/frame": "not installed" })),
    ],
  };
}

function barsOf(measured: readonly Measured[]): BarChart {
  const right = measured.filter(({ name, wrong }, index) => {
    const first = measured.findIndex((other) => other.name === name) === index;
    return first && wrong === undefined;
  });
  const bars = right.map(({ name, us }) => ({ name, value: median(us), ours: name.startsWith("ours") }));
  return {
    kind: "bars",
    name: "bars",
    title: `Server CPU per delivered frame, ${CONNECTIONS.toLocaleString("en-US")} clients, ${KILOBYTES} KB state`,
    unit: "microseconds (log scale, less is better)",
    bars: bars.toSorted((a, b) => a.value - b.value),
  };
}
