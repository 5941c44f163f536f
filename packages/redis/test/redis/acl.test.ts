import { readFileSync } from "node:fs";
import { RedisServer } from "@statestream/redis-server";
import { Redis } from "ioredis";
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

  const user = { username: "app", password: "password" };
  const drivers = {
    "node-redis": () => createClient({ url: server.url, ...user }),
    ioredis: () => new Redis(server.url, { ...user, lazyConnect: true }),
  };

  test.each(["node-redis", "ioredis"] as const)(
    "can update, write, send, hand over and check with %s",
    async (driver) => {
      const [updated, written] = [`updated by ${driver}`, `written by ${driver}`];
      const errors: string[] = [];
      const node = (): Backplane => {
        const redis = drivers[driver]();
        const backplane = createRedisBackplane({ redis, checkMs: 100, onError: ({ message }) => errors.push(message) });
        open.push(backplane);
        return backplane;
      };
      const [a, b] = [node(), node()];
      const increment = (state: { count: number }) => ({ count: state.count + 1 });
      for (let n = 0; n < 250; n++) await a.update(updated, { count: 0 }, increment);
      const writer = b.writer(written, {
        initialState: { text: "" },
        onCommand: (command) => {
          writer.set("text", String(command));
          return "done";
        },
      });
      await writer.leads();
      writer.set("text", "set");
      await writer.flushed();
      expect(await a.send(written, "sent", { id: "1" })).toBe("done");
      expect(await a.send(written, "sent twice", { id: "1" })).toBe("done");
      const next = a.writer(written, { initialState: { text: "" } });
      await writer.close();
      await next.leads();
      expect(next.state).toStrictEqual({ text: "sent" });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(errors).toStrictEqual([]);
    },
  );
});
