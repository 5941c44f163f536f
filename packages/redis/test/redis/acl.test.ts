import { readFileSync } from "node:fs";
import { RedisServer } from "@statestream/redis-server";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backplane, createRedisBackplane } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

describe.skipIf(!HAS_REDIS)(`a Redis user with the rights that docs/operations.md gives${SKIPPED}`, () => {
  let server: RedisServer;
  const open: Backplane[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    const docs = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");
    const line = /^ {4}(ACL SETUSER app .*)$/m.exec(docs)?.[1];
    await server.command(...(line ?? "").split(" "));
  });
  afterAll(async () => {
    await Promise.all(open.map((node) => node.close()));
    await server.stop();
  });

  test("can update, write, serve, hand over and check", async () => {
    const errors: string[] = [];
    const node = (): Backplane => {
      const redis = createClient({ url: server.url, username: "app", password: "password" });
      const backplane = createRedisBackplane({ redis, checkMs: 100, onError: ({ message }) => errors.push(message) });
      open.push(backplane);
      return backplane;
    };
    const [a, b] = [node(), node()];
    const increment = (state: { count: number }) => ({ count: state.count + 1 });
    for (let n = 0; n < 250; n++) await a.update("k", { count: 0 }, increment);
    const writer = b.writer("w", { initialState: { text: "" } });
    await writer.leads();
    writer.set("text", "hello");
    await writer.flushed();
    const next = a.writer("w", { initialState: { text: "" } });
    await writer.close();
    await next.leads();
    expect(next.state).toStrictEqual({ text: "hello" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(errors).toStrictEqual([]);
  });
});
