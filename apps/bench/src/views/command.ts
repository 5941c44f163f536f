import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Command, RunOptions } from "../command.ts";
import { ours } from "../fanout/entries.ts";
import { measure } from "../fanout/measure.ts";
import { ratioOf } from "../fanout/ratio.ts";
import { median, medianRatio } from "../measure/statistics.ts";
import type { Result } from "../report/result.ts";
import { type Contender, separateStreams, viewsOf } from "./contenders.ts";

const CLIENTS = 1000;
const VIEWS = 10;

const ONE_STREAM = ours.socket("node");
const IN_ORDER = ours.groups(`${VIEWS} views, one after the other`, { by: "view", count: VIEWS, run: CLIENTS / VIEWS });
/** A stream whose clients are notified in the same order as those of `MIXED`. */
const SELECTIONS = ours.groups(`one stream, ${VIEWS} selections, mixed`, { by: "selection", count: VIEWS, run: 1 });
const MIXED = ours.groups(`${VIEWS} views, mixed`, { by: "view", count: VIEWS, run: 1 });
const ENTRIES = [ONE_STREAM, IN_ORDER, SELECTIONS, MIXED];

export const views: Command = {
  name: "views",
  summary: "a stream for each of many keys, made as views of one",
  packages: [],
  minutes: { full: 2, quick: 1 },
  checked: true,
  run,
};

/** Microseconds of CPU that a change takes, round by round, each contender in turn, so that a slow moment is everybody's. */
async function times(contenders: readonly Contender[], rounds: number): Promise<number[][]> {
  const all = contenders.map((): number[] => []);
  for (let round = -rounds; round < rounds; round++) {
    for (const [index, { readers, changeShared }] of contenders.entries()) {
      const time = await readers.time(changeShared, CLIENTS);
      // The first half of the rounds warms up.
      if (round >= 0) all[index]?.push(time);
    }
  }
  return all;
}

/** Bytes of heap that something takes for each of so many. */
async function heapOf(make: () => Contender, count: number): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = async (): Promise<number> => {
    // Twice: what a finished turn still held is free in the next.
    for (let turn = 0; turn < 2; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  const before = await used();
  const contender = make();
  const after = await used();
  await contender.end();
  return (after - before) / count;
}

async function run({ quick, progress }: RunOptions): Promise<Result> {
  const plan = { kilobytes: 200, connections: CLIENTS, rounds: quick ? 5 : 7, changes: 60, progress };
  const fanout = await measure(ENTRIES, plan);

  progress(`${CLIENTS} views of one client, ${CLIENTS} separate streams`);
  const many = [separateStreams(CLIENTS), viewsOf(CLIENTS, 1)] as const;
  const rounds = quick ? 30 : 60;
  const [separate = [], own = []] = await times(many, rounds);
  const single: number[] = [];
  for (let round = 0; round < 5 * rounds; round++) single.push(await many[1].readers.time(many[1].changeOne, 1));
  for (const { end } of many) await end();

  progress("memory");
  const memory = {
    streams: await heapOf(() => separateStreams(CLIENTS), CLIENTS),
    views: await heapOf(() => viewsOf(CLIENTS, 1), CLIENTS),
  };
  const row = (what: string, values: readonly number[]) => ({ "": what, "ms a change": median(values) / 1000 });
  const goal = { better: "lower", target: 1.15 } as const;
  const ratios = [ratioOf(fanout, IN_ORDER, ONE_STREAM, goal), ratioOf(fanout, MIXED, SELECTIONS, goal)];
  return {
    title: "Views",
    tables: [
      {
        title: `A change that ${CLIENTS.toLocaleString("en-US")} clients see, of one stream or spread over ${VIEWS} views`,
        note:
          "CPU of the server's process in microseconds per delivered frame, over sockets. A change goes to one view's clients " +
          "after the other. Where they connected mixed, that is not the order in which they lie in memory, which costs a " +
          "stream with as many selections about as much.",
        rows: fanout.map(({ name, us, wrong }) => ({ "": name, "CPU per frame, µs": wrong ?? median(us) })),
      },
      {
        title: "Each client has a view of its own",
        note: "CPU from the change until the last client has its frame, in one process, without sockets.",
        rows: [
          row(`all see it, ${CLIENTS} separate streams`, separate),
          row(`all see it, ${CLIENTS} views`, own),
          row(`one of ${CLIENTS} views shows it`, single),
        ],
      },
      {
        title: "Memory of a view with one client",
        note: "Heap and buffers. The slice that all show is one object.",
        rows: [
          { "": "a separate stream", "kB each": memory.streams / 1000 },
          { "": "a view", "kB each": memory.views / 1000 },
        ],
      },
    ],
    ratios: [
      ...ratios.filter((ratio) => ratio !== undefined),
      {
        name: `${CLIENTS} views / ${CLIENTS} separate streams`,
        value: medianRatio(own, separate),
        better: "lower",
        target: 1,
      },
    ],
    charts: [],
  };
}
