import type { Connection } from "@statestream/core";
import { RedisCluster, type RedisServer } from "@statestream/redis-server";
import { Cluster as IoRedisCluster } from "ioredis";
import { createCluster } from "redis";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type Backplane,
  createRedisBackplane,
  type OwnStateWriter,
  type RedisClient,
  type ServedStream,
} from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

type Count = { count: number };

/** Of so many streams some are on each of three primaries. */
const KEYS = Array.from({ length: 12 }, (_, n) => `room ${n}`);
const SOON = { timeout: 20_000, interval: 50 };
/** Less than the time after which a node compares a quiet stream with the head. */
const BY_MESSAGE = { timeout: 2500, interval: 20 };
const CHECK_MS = 5000;

const isStale = (stream: ServedStream<Count>) => stream.stats().backplane.staleSince !== undefined;
const after: (() => unknown)[] = [];
const open = (connection: Connection) => after.push(() => connection.close());
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

// The tests share a cluster, and are in an order in which each finds the replicas that it needs.
describe.skipIf(!HAS_REDIS)(`a Redis Cluster of three primaries${SKIPPED}`, { timeout: 60_000 }, () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start({ settings: { "cluster-require-full-coverage": "no" } });
    return () => cluster.stop();
  }, 60_000);

  const clients: [string, () => RedisClient][] = [
    ["node-redis", () => createCluster({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })],
    ["ioredis", () => new IoRedisCluster(cluster.nodes, { lazyConnect: true, keyPrefix: "app:" })],
  ];

  /** Two nodes, of which the second one serves the streams. */
  const start = (make: () => RedisClient, prefix: string) => {
    const errors: string[] = [];
    const node = () => {
      const onError = ({ message }: Error) => errors.push(message);
      const options = { redis: make(), prefix, checkMs: CHECK_MS, leaseMs: 2000, onError };
      const backplane = createRedisBackplane(options);
      after.push(() => backplane.close());
      return backplane;
    };
    const [a, b] = [node(), node()];
    const served = KEYS.map((key) => b.streams.get<Count>(key));
    for (const stream of served) open(stream.connect());
    return { a, b, served, errors };
  };

  const incrementAll = async (backplane: Backplane) => {
    const increment = ({ count }: Count) => ({ count: count + 1 });
    await Promise.all(KEYS.map((key) => backplane.update(key, { count: 0 }, increment, { timeoutMs: 30_000 })));
  };

  const allHave = (served: readonly ServedStream<Count>[], count: number) => () => {
    expect(served.map(({ state }) => state)).toStrictEqual(KEYS.map(() => ({ count })));
    expect(served.filter(isStale)).toStrictEqual([]);
  };

  const onEach = async <T>(...command: string[]): Promise<T[]> => {
    const running = cluster.servers.filter(({ process }) => process !== undefined);
    return await Promise.all(running.map((server) => server.command<T>(...command)));
  };

  test.each(clients)("%s: streams on every primary work, and use sharded channels only", async (driver, make) => {
    const prefix = `works-${driver}`;
    const { a, b, served, errors } = start(make, prefix);
    for (let n = 0; n < 5; n++) await incrementAll(a);
    await vi.waitFor(allHave(served, 5), BY_MESSAGE);
    const writer: OwnStateWriter<{ text: string }> = a.writer<{ text: string }>("written", {
      initialState: { text: "" },
      onCommand: (text) => writer.set("text", text as string),
    });
    await writer.leads();
    await b.send("written", "hello");
    expect(writer.state).toStrictEqual({ text: "hello" });
    await writer.flushed({ replicas: 1, timeoutMs: 5000 });
    await expect(writer.flushed({ replicas: 2, timeoutMs: 300 })).rejects.toMatchObject({ code: "timeout" });
    const channels = await onEach<string[]>("PUBSUB", "SHARDCHANNELS", `${prefix}:*`);
    expect(channels.filter(({ length }) => length > 0)).toHaveLength(3);
    expect((await onEach<string[]>("PUBSUB", "CHANNELS", `${prefix}:*`)).flat()).toStrictEqual([]);
    expect((await onEach<string[]>("KEYS", "app:*")).flat()).toStrictEqual([]);
    expect(errors).toStrictEqual([]);
  });

  test.each(clients)("%s: messages arrive again when the connections for them were killed", async (driver, make) => {
    const { a, served } = start(make, `cut-${driver}`);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 1), SOON);
    await onEach("CLIENT", "KILL", "TYPE", "pubsub");
    await incrementAll(a);
    await vi.waitFor(allHave(served, 2), SOON);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 3), BY_MESSAGE);
  });

  test.each(clients)("%s: a stream continues on the primary that its slot moves to", async (driver, make) => {
    const prefix = `moved-${driver}`;
    const { a, served } = start(make, prefix);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 1), SOON);
    await moveSlot(cluster.servers.slice(0, 3), `${prefix}:{${encodeURIComponent(KEYS[0] as string)}}:m`);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 2), SOON);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 3), BY_MESSAGE);
  });

  test.each(clients)("%s: a primary that hangs is replaced, and becomes a replica", async (driver, make) => {
    const { a, served } = start(make, `hung-${driver}`);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 1), SOON);
    // Where the first one hung, its replica is the primary now.
    const hung = cluster.servers[driver === "node-redis" ? 2 : 5] as RedisServer;
    hung.signal("SIGSTOP");
    after.push(() => hung.signal("SIGCONT"));
    await incrementAll(a);
    await vi.waitFor(allHave(served, 2), SOON);
    hung.signal("SIGCONT");
    await vi.waitFor(async () => expect(await hung.command("INFO", "replication")).toContain("link_status:up"), SOON);
    await incrementAll(a);
    await vi.waitFor(allHave(served, 3), SOON);
  });

  test.each(clients)(
    "%s: a primary that is killed is replaced, and streams of others are not stale meanwhile",
    async (driver, make) => {
      const prefix = `killed-${driver}`;
      const { a, b, served } = start(make, prefix);
      await incrementAll(a);
      await vi.waitFor(allHave(served, 1), SOON);
      const primary = cluster.servers[driver === "node-redis" ? 0 : 1] as RedisServer;
      const names = KEYS.map((key) => `${prefix}:{${encodeURIComponent(key)}}:m`);
      const there = await Promise.all(names.map((name) => primary.command("EXISTS", name).catch(() => 0)));
      const others = served.filter((_, n) => there[n] === 0);
      expect(others.length).toBeGreaterThan(0);
      expect(others.length).toBeLessThan(KEYS.length);
      let wereStale = false;
      const watch = setInterval(() => (wereStale ||= others.some(isStale)), 5);
      after.push(() => clearInterval(watch));
      await primary.kill();
      await incrementAll(a);
      await vi.waitFor(allHave(served, 2), SOON);
      expect(wereStale).toBe(false);
      await vi.waitFor(
        () => expect([a, b].map((node) => node.stats().downSince)).toStrictEqual([undefined, undefined]),
        SOON,
      );
      await incrementAll(a);
      await vi.waitFor(allHave(served, 3), BY_MESSAGE);
    },
  );
});

/** Moves the slot of a key, with everything in it, to the next one of these primaries. */
async function moveSlot(primaries: readonly RedisServer[], key: string): Promise<void> {
  const slot = String(await primaries[0]?.command("CLUSTER", "KEYSLOT", key));
  const names = await Promise.all(primaries.map((server) => server.command<string>("CLUSTER", "MYID")));
  const found = await Promise.all(primaries.map((server) => server.command("EXISTS", key).catch(() => 0)));
  const [from, to] = [found.indexOf(1), (found.indexOf(1) + 1) % primaries.length];
  const [source, target] = [primaries[from], primaries[to]] as [RedisServer, RedisServer];
  await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[from] as string);
  await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[to] as string);
  const keys = await source.command<string[]>("CLUSTER", "GETKEYSINSLOT", slot, "100");
  await source.command("MIGRATE", "127.0.0.1", String(target.port), "", "0", "5000", "KEYS", ...keys);
  for (const server of [target, source]) await server.command("CLUSTER", "SETSLOT", slot, "NODE", names[to] as string);
}
