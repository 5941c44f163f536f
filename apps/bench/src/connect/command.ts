import type { Command, RunOptions } from "../command.ts";
import { median, medianRatio } from "../measure/statistics.ts";
import type { Cell, Ratio, Result } from "../report/result.ts";
import { FRAMEWORKS } from "../servers/contender.ts";
import { storm, type Storm } from "./storm.ts";

const KILOBYTES = 1000;
const CLIENTS = 5000;
const CHANGES_PER_SECOND = 20;

export const connect: Command = {
  name: "connect",
  summary: "a storm of clients that connect to a large state while it changes",
  packages: ["hono", "@hono/node-server", "express", "koa"],
  minutes: { full: 5, quick: 1.5 },
  checked: false,
  run,
};

async function run({ quick, progress }: RunOptions): Promise<Result> {
  const rows: Record<string, Cell>[] = [];
  const ratios: Ratio[] = [];
  for (const framework of quick ? (["node"] as const) : FRAMEWORKS) {
    const options = { kilobytes: KILOBYTES, clients: CLIENTS, framework };
    const resting: Storm[] = [];
    const fixed: Storm[] = [];
    for (let round = 1; round <= (quick ? 1 : 3); round++) {
      progress(`${framework}, round ${round}`);
      resting.push(await storm({ ...options, module: "./ours.js", changesPerSecond: 0 }));
      fixed.push(await storm({ ...options, module: "./fixed.js", changesPerSecond: 0 }));
    }
    progress(`${framework}, with changes`);
    const changing = await storm({ ...options, module: "./ours.js", changesPerSecond: CHANGES_PER_SECOND });
    rows.push(
      rowOf(`ours on ${framework}, ${CHANGES_PER_SECOND} changes a second`, [changing]),
      rowOf(`ours on ${framework}, at rest`, resting),
      rowOf(`fixed response on ${framework}`, fixed),
    );
    for (const [key, what] of [
      ["seconds", "time until all have it"],
      ["cpuSeconds", "server CPU"],
    ] as const) {
      const of = (storms: readonly Storm[]): number[] => storms.map((each) => each[key]);
      const value = medianRatio(of(resting), of(fixed));
      ratios.push({ name: `${framework}: ${what}, ours at rest / fixed response`, value, better: "lower" });
    }
  }
  return {
    title: `Connect: ${CLIENTS.toLocaleString("en-US")} clients at once, a state of ${KILOBYTES / 1000} MB`,
    tables: [
      {
        title: "Until everybody has the state",
        note:
          "Beside ours, what the framework needs to send the same bytes to everybody from one buffer, once. While the state changes, " +
          "those who are connected are sent the changes too, a hundred thousand frames a second in the end: most of the CPU. Snapshots made: " +
          "texts of that size that were encoded. Closed: clients that the server gave up, to hold its memory, and that came again. " +
          "All served: in the end each client was on the last state, without a gap on the way.",
        rows,
      },
    ],
    ratios,
    charts: [],
  };
}

function rowOf(name: string, storms: readonly Storm[]): Record<string, Cell> {
  const wrong = storms.find((each) => each.wrong !== undefined)?.wrong;
  const of = (key: keyof Storm): number => median(storms.map((each) => each[key] as number));
  return {
    "": name,
    "all served": wrong === undefined ? "yes" : `no: ${wrong}`,
    "snapshots made": of("made") || "",
    "seconds until all have it": of("seconds"),
    "server CPU s": of("cpuSeconds"),
    "peak RSS MB": of("peakMegabytes"),
    closed: of("closed"),
  };
}
