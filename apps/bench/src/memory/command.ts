import type { Command, RunOptions } from "../command.ts";
import { maxConnections } from "../measure/files.ts";
import { median, medianRatio } from "../measure/statistics.ts";
import type { Cell, Ratio, Result, Table } from "../report/result.ts";
import { FRAMEWORKS } from "../servers/contender.ts";
import { type IdleCost, idleCost } from "./idle.ts";
import { slow } from "./slow.ts";
import { type Sample, stalled } from "./stalled.ts";

const STALLED_CLIENTS = 1000;

export const memory: Command = {
  name: "memory",
  summary: "what an idle client holds on the server, and one that does not read",
  packages: ["hono", "@hono/node-server", "express", "koa"],
  minutes: { full: 5, quick: 1 },
  checked: false,
  run,
};

async function run({ quick, progress }: RunOptions): Promise<Result> {
  const few = await idle(2000, quick ? 1 : 3, progress);
  const many = quick || maxConnections() < 10_200 ? undefined : await idle(10_000, 1, progress);
  const changes = quick ? 100_000 : 1_000_000;
  const samples = await stalled({ clients: STALLED_CLIENTS, changes, samples: 20, progress });
  const seconds = quick ? 10 : 60;
  progress(`one client that does not read, ${seconds} s`);
  const slowRows = await Promise.all(FRAMEWORKS.map((framework) => slow(framework, seconds)));
  return {
    title: "Memory: clients that are idle, and clients that do not read",
    tables: [
      few.table,
      ...(many === undefined ? [] : [many.table]),
      stalledTable(samples, changes),
      {
        title: `A client that reads nothing for ${seconds} s`,
        note: "A value of 64 KB is replaced 50 times a second; another client follows. The kernel's buffers take about 4 MB; the log keeps 8 MiB.",
        rows: slowRows,
      },
    ],
    ratios: few.ratios,
    charts: [
      {
        kind: "lines",
        name: "stalled",
        title: `Server memory while ${STALLED_CLIENTS.toLocaleString("en-US")} clients read nothing`,
        x: "changes",
        y: "MB",
        series: [
          { name: "RSS", points: pointsOf(samples, "rss") },
          { name: "heap + buffers", points: pointsOf(samples, "heap", "buffers") },
          { name: "log", points: pointsOf(samples, "log") },
        ],
      },
    ],
  };
}

async function idle(
  connections: number,
  rounds: number,
  progress: (text: string) => void,
): Promise<{ table: Table; ratios: Ratio[] }> {
  const rows: Record<string, Cell>[] = [];
  const ratios: Ratio[] = [];
  for (const framework of FRAMEWORKS) {
    progress(`${connections} idle clients of ${framework}`);
    const ours: IdleCost[] = [];
    const bare: IdleCost[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await idleCost("./bare.js", { framework }, connections));
      ours.push(await idleCost("./ours.js", { framework }, connections));
    }
    const kilobytes = (costs: readonly IdleCost[], key: keyof IdleCost): number =>
      median(costs.map((cost) => cost[key])) / 1024;
    rows.push({
      "": framework,
      "RSS KB, ours": kilobytes(ours, "rss"),
      "RSS KB, bare response": kilobytes(bare, "rss"),
      "heap KB, ours": kilobytes(ours, "heap"),
      "heap KB, bare response": kilobytes(bare, "heap"),
    });
    const heaps = (costs: readonly IdleCost[]): number[] => costs.map(({ heap }) => heap);
    ratios.push({
      name: `${framework}: heap per idle connection, ours / bare response`,
      value: medianRatio(heaps(ours), heaps(bare)),
      better: "lower",
    });
  }
  const title = `${connections.toLocaleString("en-US")} idle connections, in one process: memory of each`;
  const note = "Bare: an open response of the same framework in a list, and nothing else. After a garbage collection.";
  return { table: { title, note, rows }, ratios };
}

function stalledTable(samples: readonly Sample[], changes: number): Table {
  return {
    title: `${changes.toLocaleString("en-US")} changes, ${STALLED_CLIENTS.toLocaleString("en-US")} clients that read nothing`,
    note:
      "MB. The log is bounded by `maxLogBytes`, 8 MiB. Written: what sockets took before they were full; it lies in the " +
      "kernel's buffers, which are no part of RSS. What a connection was handed and could not write is pinned by it, and " +
      "counts against `maxLogBytes` too. The rest of RSS is the runtime, the connections' own objects and pages the allocator keeps.",
    rows: samples.map(({ changes: made, rss, heap, buffers, log, connections, written }) => ({
      changes: made,
      RSS: rss,
      heap,
      buffers,
      log,
      written,
      connections,
    })),
  };
}

function pointsOf(samples: readonly Sample[], ...keys: ("rss" | "heap" | "buffers" | "log")[]): [number, number][] {
  // From the first changes on: the axes are logarithmic.
  return samples.slice(1).map((sample) => [sample.changes, keys.reduce((sum, key) => sum + sample[key], 0)]);
}
