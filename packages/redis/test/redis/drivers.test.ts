import { freePort, RedisServer } from "@statestream/redis-server";
import { Redis as IoRedis } from "ioredis";
import { Cluster as IoValkeyCluster, Redis as IoValkey } from "iovalkey";
import { createClient, createClientPool } from "redis";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Backplane, createRedisBackplane, type OwnStateWriter, type RedisClient } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

describe.skipIf(!HAS_REDIS)(`a backplane on${SKIPPED}`, { timeout: 30_000 }, () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
    return () => server.stop();
  });

  const clients: [string, (port: number) => RedisClient & { disconnect?: () => void }][] = [
    ["node-redis", (port) => createClient({ socket: { host: "127.0.0.1", port } })],
    ["ioredis", (port) => new IoRedis(port, "127.0.0.1", { lazyConnect: true, keyPrefix: "app:" })],
    ["iovalkey", (port) => new IoValkey(port, "127.0.0.1", { lazyConnect: true })],
    ["ioredis in another database", (port) => new IoRedis(port, "127.0.0.1", { lazyConnect: true, db: 3 })],
  ];

  test.each(clients)("%s updates, commands, serves, resumes after a killed connection, and closes", async (_, make) => {
    await server.command("FLUSHALL");
    const errors: string[] = [];
    const node = (): Backplane => {
      const options = { redis: make(server.port), checkMs: 200, leaseMs: 2000 };
      const backplane = createRedisBackplane({ ...options, onError: ({ message }) => errors.push(message) });
      after.push(() => backplane.close());
      return backplane;
    };
    const [a, b] = [node(), node()];
    const served = b.streams.get<{ count: number }>("k");
    const connection = served.connect();
    after.push(() => connection.close());
    for (let n = 0; n < 20; n++) await a.update("k", { count: 0 }, ({ count }) => ({ count: count + 1 }));
    await vi.waitFor(() => expect(served.state).toStrictEqual({ count: 20 }), 5000);
    const writer: OwnStateWriter<{ text: string }> = a.writer<{ text: string }>("w", {
      initialState: { text: "" },
      onCommand: (text) => writer.set("text", text as string),
    });
    await writer.leads();
    await b.send("w", "hello");
    expect(writer.state).toStrictEqual({ text: "hello" });
    expect(errors).toStrictEqual([]);
    await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await server.command("CLIENT", "KILL", "TYPE", "normal");
    await a.update("k", { count: 0 }, ({ count }) => ({ count: count + 1 }), { timeoutMs: 10_000 });
    await vi.waitFor(() => expect(served.state).toStrictEqual({ count: 21 }), 8000);
    expect(await server.command<string[]>("KEYS", "app:*")).toStrictEqual([]);
  });

  const databases: [string, (database: number) => RedisClient][] = [
    ["node-redis", (database) => createClient({ socket: { host: "127.0.0.1", port: server.port }, database })],
    ["ioredis", (db) => new IoRedis(server.port, "127.0.0.1", { lazyConnect: true, db })],
  ];

  test.each(databases)("%s: two databases of one server share neither streams nor commands", async (_, make) => {
    await server.command("FLUSHALL");
    const [zero, three] = [0, 3].map((database) => {
      const backplane = createRedisBackplane({ redis: make(database), onError: (error) => expect.fail(error.message) });
      after.push(() => backplane.close());
      return backplane;
    }) as [Backplane, Backplane];
    const handled: unknown[] = [];
    const writer = zero.writer("w", { initialState: { n: 0 }, onCommand: (command) => handled.push(command) });
    await writer.leads();
    await zero.send("w", "from 0");
    await expect(three.send("w", "from 3", { timeoutMs: 400 })).rejects.toMatchObject({ code: "timeout" });
    expect(handled).toStrictEqual(["from 0"]);
  });

  test("ioredis leaves no connection behind when the backplane is closed", async () => {
    const others = async () => (await server.command<string>("CLIENT", "LIST")).trim().split("\n").length - 1;
    await vi.waitFor(async () => expect(await others()).toBe(0), 5000);
    const backplane = createRedisBackplane({ redis: new IoRedis(server.port, "127.0.0.1", { lazyConnect: true }) });
    await backplane.update("k", { count: 0 }, () => ({ count: 1 }));
    expect(await others()).toBe(2);
    await backplane.close();
    await vi.waitFor(async () => expect(await others()).toBe(0), 5000);
  });
});

test.each<[string, (port: number) => unknown, string]>([
  ["nothing", () => undefined, "The option redis is undefined; pass createClient({ url })"],
  ["a URL", (port) => `redis://127.0.0.1:${port}`, "is a text; pass createClient({ url })"],
  [
    "a pool of node-redis",
    () => createClientPool(),
    "is a pool, which has no connection of its own; pass createClient({ url })",
  ],
  [
    "a cluster of iovalkey",
    (port) => {
      const cluster = new IoValkeyCluster([{ host: "127.0.0.1", port }], { lazyConnect: true });
      after.push(() => cluster.disconnect());
      return cluster;
    },
    "is a cluster of iovalkey or an old ioredis, without sharded subscriptions; pass",
  ],
  ["a function", () => createClient, "is not a client that this library knows; pass"],
  [
    "a client of something else",
    () => ({ get: () => undefined, set: () => undefined }),
    "is not a client that this library knows",
  ],
])("%s is refused at construction, with what to pass instead", async (_, make, message) => {
  const redis = make(await freePort()) as RedisClient;
  expect(() => createRedisBackplane({ redis })).toThrow(
    expect.objectContaining({ code: "invalid-option", message: expect.stringContaining(message) as string }),
  );
});
