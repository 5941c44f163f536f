import { readFileSync } from "node:fs";
import { RedisServer } from "@statestream/redis-server";
import { sleep } from "../measure/clock.ts";
import { median, quantile } from "../measure/statistics.ts";
import type { Way } from "./orders.ts";
import { type NodeProcess, startNode } from "./process.ts";
import { Endpoint } from "./endpoint.ts";

/** Milliseconds from a change on one node until another has the bytes for its clients; and of a bare message. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Microseconds of CPU that one change takes. */
export interface Cost {
  readonly writer: number;
  readonly redis: number;
  readonly node: number;
}

/** Two nodes on one stream: what a change takes, and what a bare message of the same size does, round by round. */
export async function pair(rounds: number): Promise<Record<Way, { latency: Latency; cost: Cost }>> {
  const redis = await RedisServer.start();
  const [writer, node] = await Promise.all([startNode(redis.port, 0), startNode(redis.port, 1)]);
  try {
    await writer.ask({ do: "lead", streams: 1, kilobytes: 20 });
    await node.ask({ do: "join", streams: 1 });
    await node.ask({ do: "subscribe" });
    const latencies: Record<Way, number[]> = { change: [], publish: [] };
    const costs: Record<Way, Cost[]> = { change: [], publish: [] };
    for (let round = 0; round <= rounds; round++) {
      for (const way of ["change", "publish"] as const) {
        const delays = await delaysOf(writer, node, way);
        const cost = await costOf(redis, writer, node, way);
        // The first round is for what is compiled late.
        if (round === 0) continue;
        latencies[way].push(...delays);
        costs[way].push(cost);
      }
    }
    const result = (way: Way): { latency: Latency; cost: Cost } => ({
      latency: { p50: median(latencies[way]), p99: quantile(latencies[way], 0.99) },
      cost: {
        writer: median(costs[way].map((cost) => cost.writer)),
        redis: median(costs[way].map((cost) => cost.redis)),
        node: median(costs[way].map((cost) => cost.node)),
      },
    });
    return { change: result("change"), publish: result("publish") };
  } finally {
    await Promise.all([writer.stop(), node.stop()]);
    await redis.stop();
  }
}

async function delaysOf(writer: NodeProcess, node: NodeProcess, way: Way): Promise<number[]> {
  const times = 200;
  await node.ask({ do: "report" });
  const made = await writer.ask({ do: way, times, perSecond: 200 });
  const come = await node.ask({ do: "await", changes: times });
  if (come.stamps.length !== times) throw new Error(`${times} changes came in ${come.stamps.length} parts.`);
  return come.stamps.map((stamp, index) => stamp - (made.stamps[index] as number));
}

async function costOf(redis: RedisServer, writer: NodeProcess, node: NodeProcess, way: Way): Promise<Cost> {
  const times = 4000;
  const before = [await writer.ask({ do: "report" }), await node.ask({ do: "report" })] as const;
  const redisBefore = cpuOf(redis);
  // One change in a call to Redis, since that is what is measured: calls carry more when they come faster.
  const made = await writer.ask({ do: way, times, perSecond: 1000 });
  const come = await node.ask({ do: "await", changes: times });
  return {
    writer: (made.cpu - before[0].cpu) / times,
    node: (come.cpu - before[1].cpu) / times,
    redis: (cpuOf(redis) - redisBefore) / times,
  };
}

export interface Many {
  readonly streams: number;
  /** Milliseconds until a node has the state of all of them. */
  readonly joinMs: number;
  /** Bytes per stream. */
  readonly redisBytes: number;
  readonly entryBytes: number;
  readonly nodeBytes: number;
  /** What a failover that loses nothing costs a node with a client on each. */
  readonly failover: {
    readonly reads: number;
    readonly resyncs: number;
    readonly snapshots: number;
    readonly ms: number;
  };
}

/** A node that joins many streams, and then sees a replica promoted. */
export async function many(streams: number): Promise<Many> {
  const [primary, replica] = await Promise.all([RedisServer.start(), RedisServer.start()]);
  const endpoint = new Endpoint(primary.port);
  const port = await endpoint.listen();
  await replica.command("REPLICAOF", "127.0.0.1", String(primary.port));
  const [writer, node] = await Promise.all([startNode(port, 0), startNode(port, 1)]);
  try {
    await writer.ask({ do: "lead", streams, kilobytes: 1.3 });
    const empty = await node.ask({ do: "report" });
    const joined = await node.ask({ do: "join", streams });
    const before = await memoryOf(primary);
    const times = 100;
    await writer.ask({ do: "change", times, perSecond: 0 });
    await node.ask({ do: "await", changes: times });
    const after = await memoryOf(primary);
    await until(async () => (await offsetOf(primary)) === (await offsetOf(replica)));
    const start = performance.now();
    await replica.command("REPLICAOF", "NO", "ONE");
    endpoint.move(replica.port);
    const [reads, snapshots] = [joined.reads, joined.snapshots];
    await writer.ask({ do: "change", times: 1, perSecond: 0 });
    await node.ask({ do: "await", changes: 1 });
    const ms = performance.now() - start;
    // What is read again may be read a little later than that.
    await sleep(3000);
    const now = await node.ask({ do: "report" });
    return {
      streams,
      joinMs: joined.took,
      redisBytes: before.all / streams,
      entryBytes: (after.log - before.log) / times,
      nodeBytes: (joined.heap - empty.heap) / streams,
      failover: { reads: now.reads - reads, resyncs: now.resyncs, snapshots: now.snapshots - snapshots, ms },
    };
  } finally {
    await Promise.all([writer.stop(), node.stop()]);
    await endpoint.close();
    await Promise.all([primary.stop(), replica.stop()]);
  }
}

/** Microseconds of CPU since the start. Linux counts in hundredths of a second. */
function cpuOf(redis: RedisServer): number {
  const fields = readFileSync(`/proc/${redis.process?.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** What Redis says its keys take: all streams', and the log of the first. */
async function memoryOf(redis: RedisServer): Promise<{ all: number; log: number }> {
  const keys = await redis.command<string[]>("KEYS", "*");
  let all = 0;
  let log = 0;
  for (const key of keys) {
    const bytes = Number(await redis.command("MEMORY", "USAGE", key, "SAMPLES", "0"));
    all += bytes;
    if (key.includes("{stream%200}") && key.endsWith(":l")) log += bytes;
  }
  return { all, log };
}

async function offsetOf(redis: RedisServer): Promise<string | undefined> {
  const info = String(await redis.command("INFO", "replication"));
  return /(?:slave_repl|master_repl)_offset:(\d+)/.exec(info)?.[1];
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("The replica does not come up to its primary.");
    await sleep(20);
  }
}
