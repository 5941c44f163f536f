import { once } from "node:events";
import { type Connection, StateStreamError } from "@statestream/core";
import { createRedisBackplane, type OwnStateWriter } from "@statestream/redis";
import { createClient } from "redis";
import { machineNow, sleep, until } from "../measure/clock.ts";
import { Board } from "../servers/board.ts";
import type { Order, Report } from "./orders.ts";

// A node under measurement, a process of its own. Orders come from the parent.

type State = { board: Record<string, unknown> };

/** Approximates the event for one change of a board. */
const TEXT = "x".repeat(300);

const CHANNEL = "bench";

let backplane: ReturnType<typeof createRedisBackplane>;
let redis: ReturnType<typeof createClient>;
let boards: Board[] = [];
let writers: OwnStateWriter<State>[] = [];
const connections: Connection[] = [];
let stamps: number[] = [];
let byStream: number[][] = [];
let arrived = 0;
let unavailable = 0;
let errors = 0;

const orders: { [Name in Order["do"]]: (order: Extract<Order, { do: Name }>) => Promise<void> | void } = {
  async open({ port }) {
    redis = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: 50 } });
    redis.on("error", () => {});
    await redis.connect();
    backplane = createRedisBackplane({ redis, onError: () => void errors++ });
  },
  async lead({ streams, kilobytes }) {
    write(streams, kilobytes);
    await Promise.all(writers.map((writer) => writer.leads()));
  },
  "stand-by": ({ streams, kilobytes }) => write(streams, kilobytes),
  async storm({ streams, clients }) {
    let loaded = 0;
    for (let index = 0; index < streams; index++)
      for (let client = 0; client < clients; client++) persist(index, () => loaded++);
    if (!(await until(() => loaded === streams * clients, 300_000))) throw new Error(`Only ${loaded} clients came.`);
  },
  async join({ streams }) {
    let loaded = 0;
    for (let index = 0; index < streams; index++) {
      const connection = backplane.streams.get(`stream ${index}`).connect();
      connections.push(connection);
      let isFirst = true;
      const read = (): void => {
        for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) {
          // After the greeting the first bytes are the state; changes come one in a chunk, unless they come at once.
          if (bytes.length < 30) continue;
          if (isFirst) loaded++;
          else come(countOf(bytes), index);
          isFirst = false;
        }
      };
      connection.onReadable(read);
      read();
    }
    if (!(await until(() => loaded === streams, 60_000))) throw new Error(`Only ${loaded} of ${streams} streams came.`);
  },
  async subscribe() {
    const subscriber = redis.duplicate();
    subscriber.on("error", () => {});
    await subscriber.connect();
    await subscriber.subscribe(CHANNEL, () => come(1, 0));
  },
  async "subscribe-all"({ streams }) {
    const subscriber = redis.duplicate();
    subscriber.on("error", () => {});
    await subscriber.connect();
    for (let index = 0; index < streams; index++) await subscriber.subscribe(`bench ${index}`, () => come(1, index));
  },
  async spread({ way, perSecond, seconds }) {
    const total = Math.round(boards.length * perSecond * seconds);
    const start = performance.now();
    for (let made = 0; made < total;) {
      const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond * boards.length);
      for (; made < due; made++) {
        const index = made % boards.length;
        const at = machineNow();
        if (way === "publish") void redis.sendCommand(["PUBLISH", `bench ${index}`, TEXT]);
        else if (!change(index)) continue;
        (byStream[index] ??= []).push(at);
      }
      await sleep(1);
    }
  },
  change: ({ times, perSecond }) =>
    paced(times, perSecond, async (last) => {
      const { state } = (boards[0] as Board).next();
      writers[0]?.set("board", state);
      if (last) await writers[0]?.flushed();
    }),
  publish: ({ times, perSecond }) =>
    paced(times, perSecond, async (last) => {
      const done = redis.sendCommand(["PUBLISH", CHANNEL, TEXT]);
      if (last) await done;
    }),
  async await({ changes }) {
    if (!(await until(() => arrived >= changes, 60_000))) throw new Error(`${arrived} of ${changes} changes came.`);
    arrived = 0;
  },
  report() {
    // The answer is one.
  },
};

function come(count: number, index: number): void {
  arrived += count;
  const now = machineNow();
  const own = (byStream[index] ??= []);
  // On a busy machine several changes may come in one chunk.
  for (let one = 0; one < count; one++) {
    stamps.push(now);
    own.push(now);
  }
}

/** Whether the stream could be changed: under overload a lease may run out. */
function change(index: number): boolean {
  try {
    writers[index]?.set("board", (boards[index] as Board).next().state);
    return true;
  } catch (error) {
    if (error instanceof StateStreamError && error.code === "not-leading") return false;
    throw error;
  }
}

function write(streams: number, kilobytes: number): void {
  boards = Array.from({ length: streams }, () => new Board(kilobytes));
  writers = boards.map(({ state }, index) =>
    backplane.writer<State>(`stream ${index}`, { initialState: { board: state } }),
  );
}

/** A client that connects again, as ours do, until it has a state. */
function persist(index: number, onLoaded: () => void): void {
  const connection = backplane.streams.get(`stream ${index}`).connect();
  let isLoaded = false;
  const read = (): void => {
    for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) {
      if (bytes.length > 1000 && !isLoaded) {
        isLoaded = true;
        onLoaded();
      }
    }
    if (!connection.closed) return;
    if (isLoaded) return;
    unavailable++;
    isLoaded = true;
    setTimeout(() => persist(index, onLoaded), 1000 + 1000 * Math.random());
  };
  connections.push(connection);
  connection.onReadable(read);
  read();
}

/** How many events these bytes have: each ends with an empty line. */
function countOf(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) if (bytes[at + 1] === 10) count++;
  return count;
}

async function paced(times: number, perSecond: number, act: (last: boolean) => Promise<void>): Promise<void> {
  const start = performance.now();
  for (let time = 1; time <= times; time++) {
    stamps.push(machineNow());
    const done = act(time === times);
    if (time === times) await done;
    else if (perSecond === 0) await new Promise(setImmediate);
    else await sleep(Math.max(0, start + (time * 1000) / perSecond - performance.now()));
  }
}

function report(took: number): Report {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const stats = [...backplane.streams].map((stream) => stream.stats());
  const sum = (of: (one: (typeof stats)[number]) => number): number => stats.reduce((total, one) => total + of(one), 0);
  const received = { stamps, byStream };
  stamps = [];
  byStream = [];
  return {
    cpu: user + system,
    heap: heapUsed,
    rss,
    ...received,
    unavailable,
    errors,
    took,
    reads: sum(({ backplane: { reads } }) => reads),
    resyncs: sum(({ backplane: { resyncs } }) => Object.values(resyncs).reduce((total, count) => total + count, 0)),
    snapshots: sum(({ snapshots }) => Object.values(snapshots).reduce((total, count) => total + count, 0)),
  };
}

process.on("disconnect", () => process.exit(0));
for (;;) {
  const [order] = (await once(process, "message")) as [Order];
  const start = performance.now();
  const handle = orders[order.do] as (order: Order) => Promise<void> | void;
  await handle(order);
  process.send?.(report(performance.now() - start));
}
