import { RedisServer } from "@statestream/redis-server";
import { Redis as IoRedis } from "ioredis";
import { createClient } from "redis";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createRedisBackplane, type RedisClient } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

describe.skipIf(!HAS_REDIS)(`a primary with a replica${SKIPPED}`, { timeout: 30_000 }, () => {
  let primary: RedisServer;
  let replica: RedisServer;

  beforeAll(async () => {
    primary = await RedisServer.start({ settings: { "repl-diskless-sync-delay": 0 } });
    replica = await RedisServer.start({ settings: { replicaof: `127.0.0.1 ${primary.port}` } });
    await vi.waitFor(
      async () => expect(await replica.command("INFO", "replication")).toContain("master_link_status:up"),
      10_000,
    );
    return () => Promise.all([replica.stop(), primary.stop()]);
  });

  const clients: [string, () => RedisClient][] = [
    ["node-redis", () => createClient({ url: primary.url })],
    ["ioredis", () => new IoRedis(primary.port, "127.0.0.1", { lazyConnect: true })],
  ];

  test.each(clients)("%s: flushed waits for the replica, and holds up nothing else meanwhile", async (driver, make) => {
    const errors: string[] = [];
    const onError = ({ message }: Error) => errors.push(message);
    const backplane = createRedisBackplane({ redis: make(), onError });
    after.push(() => backplane.close());
    const writer = backplane.writer(driver, { initialState: { n: 0 } });
    await writer.leads();
    writer.set("n", 1);
    await writer.flushed({ replicas: 1, timeoutMs: 5000 });
    const headOf = (server: RedisServer) => server.command<string>("HGET", `statestream:{${driver}}:m`, "n");
    expect(await headOf(replica)).toBe(await headOf(primary));

    replica.signal("SIGSTOP");
    after.push(() => replica.signal("SIGCONT"));
    writer.set("n", 2);
    let waits = true;
    const late = writer.flushed({ replicas: 1, timeoutMs: 2000 }).catch((error: unknown) => {
      waits = false;
      return error;
    });
    await writer.flushed();
    for (let n = 0; n < 5; n++) await backplane.update(`other ${driver}`, { n: 0 }, (state) => ({ n: state.n + 1 }));
    expect(waits).toBe(true);
    expect(await late).toMatchObject({
      code: "timeout",
      message: expect.stringContaining("on 0 of 1 replicas after 2000 ms") as string,
    });

    const patient = writer.flushed({ replicas: 1, timeoutMs: 5000 });
    replica.signal("SIGCONT");
    await patient;
    expect(await headOf(replica)).toBe(await headOf(primary));
    await expect(writer.flushed({ replicas: 2, timeoutMs: 300 })).rejects.toMatchObject({ code: "timeout" });
    expect(errors).toStrictEqual([]);
  });
});
