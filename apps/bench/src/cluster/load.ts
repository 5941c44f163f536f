import { RedisServer } from "@statestream/redis-server";
import { sleep } from "../measure/clock.ts";
import { median, quantile } from "../measure/statistics.ts";
import type { Latency } from "./measure.ts";
import type { Way } from "./orders.ts";
import { type NodeProcess, startNode } from "./process.ts";

/** Starts a Redis and nodes, and stops them afterwards. */
async function withNodes<T>(count: number, use: (redis: RedisServer, nodes: NodeProcess[]) => Promise<T>): Promise<T> {
  const redis = await RedisServer.start();
  const nodes: NodeProcess[] = [];
  try {
    for (let index = 0; index < count; index++) nodes.push(await startNode(redis.port, index % 2));
    return await use(redis, nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  }
}

interface Idle {
  /** Scripts a second, and microseconds of Redis that they take. */
  readonly scripts: number;
  readonly microseconds: number;
}

/** What streams cost that nobody changes, each with a writer on every one of three nodes. */
export async function idle(streams: number, seconds: number): Promise<Idle> {
  return await withNodes(3, async (redis, [first, ...others]) => {
    await first?.ask({ do: "lead", streams, kilobytes: 1.3 });
    for (const other of others) await other.ask({ do: "stand-by", streams, kilobytes: 1.3 });
    await sleep(8000);
    const before = await scriptsOf(redis);
    await sleep(seconds * 1000);
    const after = await scriptsOf(redis);
    return {
      scripts: (after.calls - before.calls) / seconds,
      microseconds: (after.microseconds - before.microseconds) / seconds,
    };
  });
}

interface Storm {
  readonly ms: number;
  readonly reads: number;
  readonly unavailable: number;
}

/** Clients that connect to a node all at once, which has none of their streams. */
export async function storm(streams: number, kilobytes: number, clients: number): Promise<Storm> {
  return await withNodes(2, async (_redis, [writer, node]) => {
    await writer?.ask({ do: "lead", streams, kilobytes });
    const report = await (node as NodeProcess).ask({ do: "storm", streams, clients });
    return { ms: report.took, reads: report.reads, unavailable: report.unavailable };
  });
}

interface Spread {
  readonly latency: Readonly<Record<Way, Latency>>;
  /** Microseconds of a script that publishes. */
  readonly script: number;
  readonly errors: number;
}

/** Many streams that each change once a second, from one node to another; and bare messages of the same size, in turns. */
export async function spread(streams: number, seconds: number, rounds: number): Promise<Spread> {
  return await withNodes(2, async (redis, nodes) => {
    const [writer, node] = nodes as [NodeProcess, NodeProcess];
    await writer.ask({ do: "lead", streams, kilobytes: 1.3 });
    await node.ask({ do: "join", streams });
    await node.ask({ do: "subscribe-all", streams });
    const delays: Record<Way, number[]> = { change: [], publish: [] };
    let errors = 0;
    let script = 0;
    for (let round = 0; round <= rounds; round++) {
      for (const way of ["publish", "change"] as const) {
        await node.ask({ do: "report" });
        const before = await scriptsOf(redis);
        const made = await writer.ask({ do: "spread", way, perSecond: 1, seconds });
        const changes = made.byStream.reduce((sum, times) => sum + times.length, 0);
        const come = await node.ask({ do: "await", changes });
        const after = await scriptsOf(redis);
        errors = made.errors + come.errors;
        // The first round is for what is compiled late.
        if (round === 0) continue;
        if (way === "change") script = (after.microseconds - before.microseconds) / changes;
        for (const [index, times] of made.byStream.entries())
          for (const [change, at] of times.entries()) delays[way].push((come.byStream[index]?.[change] as number) - at);
      }
    }
    const latency = (way: Way): Latency => ({ p50: median(delays[way]), p99: quantile(delays[way], 0.99) });
    return { latency: { change: latency("change"), publish: latency("publish") }, script, errors };
  });
}

/** Bytes of the writer's process and of the serving one, as time goes on. */
interface Growth {
  readonly seconds: number;
  readonly writer: number;
  readonly node: number;
}

/** Many streams that change now and then, for a while: what the two nodes have on their heaps, and in all. */
export async function growth(streams: number, perSecond: number, seconds: number, parts: number): Promise<Growth[]> {
  return await withNodes(2, async (_redis, nodes) => {
    const [writer, node] = nodes as [NodeProcess, NodeProcess];
    await writer.ask({ do: "lead", streams, kilobytes: 1.3 });
    await node.ask({ do: "join", streams });
    const samples: Growth[] = [];
    for (let part = 1; part <= parts; part++) {
      const made = await writer.ask({ do: "spread", way: "change", perSecond, seconds: seconds / parts });
      const come = await node.ask({ do: "report" });
      samples.push({ seconds: (part * seconds) / parts, writer: made.rss, node: come.rss });
    }
    return samples;
  });
}

async function scriptsOf(redis: RedisServer): Promise<{ calls: number; microseconds: number }> {
  const info = String(await redis.command("INFO", "commandstats"));
  const [, calls = "0", microseconds = "0"] = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(info) ?? [];
  return { calls: Number(calls), microseconds: Number(microseconds) };
}
