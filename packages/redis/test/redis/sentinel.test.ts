import { RedisSentinels } from "@statestream/redis-server";
import { Redis as IoRedis } from "ioredis";
import { Redis as IoValkey } from "iovalkey";
import { createSentinel } from "redis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Backplane, createRedisBackplane, type RedisClient } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const SOON = { timeout: 20_000, interval: 50 };
const increment = ({ count }: { count: number }) => ({ count: count + 1 });

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

describe.skipIf(!HAS_REDIS)(`a primary that three sentinels watch${SKIPPED}`, { timeout: 60_000 }, () => {
  type Make = (sentinels: RedisSentinels, database?: number) => RedisClient;
  const nodeRedis: Make = ({ name, nodes }, database = 0) =>
    createSentinel({ name, sentinelRootNodes: nodes, nodeClientOptions: { database } });
  const clients: [string, Make][] = [
    ["createSentinel of node-redis", nodeRedis],
    ["ioredis", ({ name, nodes: sentinels }) => new IoRedis({ name, sentinels, lazyConnect: true })],
    ["iovalkey", ({ name, nodes: sentinels }) => new IoValkey({ name, sentinels, lazyConnect: true })],
  ];
  const open = (redis: RedisClient): { backplane: Backplane; errors: string[] } => {
    const errors: string[] = [];
    const onError = ({ message }: Error) => errors.push(message);
    const backplane = createRedisBackplane({ redis, checkMs: 1000, leaseMs: 2000, onError });
    after.push(() => backplane.close());
    return { backplane, errors };
  };

  test.each(clients)("%s: nodes continue on the replica when the primary is killed", async (_, make) => {
    const sentinels = await RedisSentinels.start();
    after.push(() => sentinels.stop());
    const [a, b] = [open(make(sentinels)), open(make(sentinels))];
    const served = b.backplane.streams.get<{ count: number }>("k");
    const connection = served.connect();
    after.push(() => connection.close());
    for (let n = 0; n < 20; n++) await a.backplane.update("k", { count: 0 }, increment);
    await vi.waitFor(() => expect(served.state).toStrictEqual({ count: 20 }), SOON);
    const writer = a.backplane.writer("w", { initialState: { text: "" } });
    await writer.leads();
    writer.set("text", "before");
    await writer.flushed({ replicas: 1, timeoutMs: 5000 });
    await (await sentinels.primary()).kill();
    await a.backplane.update("k", { count: 0 }, increment, { timeoutMs: 30_000 });
    await vi.waitFor(() => expect(served.state).toStrictEqual({ count: 21 }), SOON);
    await writer.leads();
    writer.set("text", "after");
    await writer.flushed();
    expect(await b.backplane.update("other", { count: 0 }, increment)).toBeTypeOf("string");
    await vi.waitFor(() => expect(b.backplane.stats().downSince).toBeUndefined(), SOON);
    await a.backplane.update("k", { count: 0 }, increment);
    await vi.waitFor(() => expect(served.state).toStrictEqual({ count: 22 }), 900);
  });

  test("a sentinel of node-redis with another database than 0 is refused, since channels are shared", async () => {
    const sentinels = await RedisSentinels.start();
    after.push(() => sentinels.stop());
    const { backplane, errors } = open(nodeRedis(sentinels, 3));
    await vi.waitFor(() => expect(errors).toContainEqual(expect.stringContaining("must use database 0")), SOON);
    const update = backplane.update("k", { count: 0 }, increment, { timeoutMs: 500 });
    await expect(update).rejects.toMatchObject({ code: "timeout" });
  });
});
