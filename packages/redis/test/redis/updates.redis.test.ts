import { RedisServer } from "@statestream/redis-server";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Backplane, createRedisBackplane } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

describe.skipIf(!HAS_REDIS)(`updates through Redis${SKIPPED}`, { timeout: 30_000 }, () => {
  let server: RedisServer;
  let nodes: Backplane[];

  beforeAll(async () => {
    server = await RedisServer.start();
    nodes = Array.from({ length: 3 }, () => createRedisBackplane({ redis: createClient({ url: server.url }) }));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await server.stop();
  });

  const increment = (state: Readonly<{ count: number }>) => ({ ...state, count: state.count + 1 });

  test("300 contended increments from three nodes are each applied once, in a log that stays bounded", async () => {
    const all = nodes.flatMap((node) =>
      Array.from({ length: 100 }, () => node.update("k", { count: 0 }, increment, { timeoutMs: 20_000 })),
    );
    expect(new Set(await Promise.all(all)).size).toBe(300);
    for (const node of nodes)
      await vi.waitFor(() => expect(node.streams.get("k").state).toStrictEqual({ count: 300 }), 5000);
    expect(await server.command<number>("XLEN", "statestream:{k}:l")).toBeLessThan(450);
  });

  test("an id is remembered for ten minutes, on every node", async () => {
    const [a, b] = nodes as [Backplane, Backplane];
    const first = await a.update("ids", { count: 0 }, increment, { id: "request 1" });
    expect(await b.update("ids", { count: 0 }, increment, { id: "request 1" })).toBe(first);
    const ttl = await server.command<number>("PTTL", "statestream:{ids}:i:request%201");
    expect(ttl).toBeGreaterThan(590_000);
    expect(ttl).toBeLessThanOrEqual(600_000);
  });

  test("an update that Redis executed although the reply never came is not repeated", async () => {
    const [a] = nodes as [Backplane];
    await a.update("cut", { count: 0 }, increment);
    // Redis reads the command only after it continues, and by then the connection is reported as down.
    server.signal("SIGSTOP");
    const pending = a.update("cut", { count: 0 }, increment, { timeoutMs: 15_000 });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    server.signal("SIGCONT");
    await pending;
    await vi.waitFor(() => expect(a.streams.get("cut").state).toStrictEqual({ count: 2 }), 5000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(a.streams.get("cut").state).toStrictEqual({ count: 2 });
  });
});
