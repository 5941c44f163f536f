import { RedisServer } from "@statestream/redis-server";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Backplane, createRedisBackplane, type OwnStateWriter } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

interface Counter {
  count: number;
}

describe.skipIf(!HAS_REDIS)(`commands through Redis${SKIPPED}`, { timeout: 30_000 }, () => {
  let server: RedisServer;
  let nodes: Backplane[];
  const calls: unknown[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    nodes = Array.from({ length: 3 }, () =>
      createRedisBackplane({ redis: createClient({ url: server.url }), leaseMs: 1000, onError: () => {} }),
    );
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await server.stop();
  });

  const adder = (node: Backplane): OwnStateWriter<Counter> => {
    const writer: OwnStateWriter<Counter> = node.writer<Counter>("k", {
      initialState: { count: 0 },
      onCommand(command) {
        calls.push(command);
        writer.set("count", (count) => count + (command as number));
        return writer.state.count;
      },
    });
    return writer;
  };

  test("200 commands from three nodes are handled once each, while leaders hand over", async () => {
    const [a, b] = nodes as [Backplane, Backplane, Backplane];
    const first = adder(a);
    await first.leads();
    const second = adder(b);
    const all = Array.from({ length: 200 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 5));
      return await nodes[index % 3]!.send("k", 1, { timeoutMs: 20_000 });
    });
    setTimeout(() => void first.close(), 400);
    const answers = await Promise.all(all);
    expect(new Set(answers).size).toBe(200);
    expect(second.leading).toBe(true);
    expect(second.state).toStrictEqual({ count: 200 });
    expect(await nodes[2]!.send("k", 1, { id: "again" })).toBe(201);
    await second.close();
    const third = adder(a);
    await third.leads();
    expect(await nodes[2]!.send("k", 1, { id: "again" })).toBe(201);
    await third.close();
  });

  test("a command that was under way while Redis did not answer is not handled after its deadline", async () => {
    const [a, , c] = nodes as [Backplane, Backplane, Backplane];
    const writer = adder(a);
    await writer.leads();
    const before = calls.length;
    server.signal("SIGSTOP");
    await expect(c.send("k", 1, { timeoutMs: 700 })).rejects.toMatchObject({ code: "timeout" });
    await vi.waitFor(() => expect(writer.leading).toBe(false), 3000);
    expect(() => writer.set("count", 0)).toThrow(expect.objectContaining({ code: "not-leading" }));
    server.signal("SIGCONT");
    await writer.leads();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(calls).toHaveLength(before);
  });
});
