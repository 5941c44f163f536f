import fc from "fast-check";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Engine, Entry, Message } from "../src/engine.ts";
import { RedisEngine } from "../src/redis-engine.ts";
import { entry } from "./support/entries.ts";
import { MemoryEngineServer } from "./support/memory-engine.ts";
import { NO_REDIS, RedisServer } from "./support/redis-server.ts";

type Part = "meta" | "log" | "checkpoint";
type Step = { readonly evict: Part } | { readonly call: (engine: Engine, key: string) => Promise<unknown> };

const EPOCHS = ["A", "B"];
const epoch = fc.constantFrom(...EPOCHS);
const owner = fc.constantFrom("me", "you");
// Over at once, or never in this test.
const leaseMs = fc.constantFrom(0, 3_600_000);
const seq = fc.integer({ min: 0, max: 9 });
const position = fc.record({ epoch, seq });
const checkpoint = fc.record({ position, body: fc.string({ unit: "binary" }) });

/** Entries that follow one another. */
const chain = fc
  .tuple(seq, epoch, fc.array(fc.tuple(epoch, fc.integer({ min: 1, max: 3 })), { maxLength: 4 }))
  .map(([from, base, makers]) => {
    const entries: Entry[] = [];
    let [last, previous] = [from, base];
    for (const [maker, count] of makers) {
      entries.push(entry(last + 1, { epoch: maker, previous, last: last + count }));
      [last, previous] = [last + count, maker];
    }
    return { entries, head: { epoch: previous, seq: last } };
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ owner, chain, checkpoint: fc.option(checkpoint), atHead: fc.boolean(), keepFrom: seq, leaseMs })
      .map(({ chain: { entries, head }, checkpoint: some, atHead, ...rest }) => {
        const there = some && atHead ? { ...some, position: head } : some;
        const request = { ...rest, entries, checkpoint: there ?? undefined };
        return { call: (engine: Engine, key: string) => engine.publish(key, request), toString: () => json(request) };
      }),
  },
  {
    weight: 5,
    arbitrary: fc.option(position).map((have) => ({
      call: (engine: Engine, key: string) => engine.read(key, have ?? undefined),
      toString: () => `read ${json(have)}`,
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ owner, chain, body: fc.string(), leaseMs, force: fc.boolean() })
      .map(({ chain: { entries, head }, body, ...rest }) => {
        const request = { ...rest, entries, checkpoint: { position: head, body } };
        return { call: (engine: Engine, key: string) => engine.install(key, request), toString: () => json(request) };
      }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(owner, leaseMs).map(([who, ms]) => ({
      call: async (engine: Engine, key: string) => {
        const reply = await engine.acquire(key, who, ms);
        // How long it remains is the clock's.
        return reply.status === "held" ? reply.status : reply;
      },
      toString: () => `acquire ${who} ${ms}`,
    })),
  },
  {
    weight: 1,
    arbitrary: owner.map((who) => ({
      call: (engine: Engine, key: string) => engine.release(key, who),
      toString: () => `release ${who}`,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Part>("meta", "log", "checkpoint").map((evict) => ({ evict })),
  },
);

describe.skipIf(NO_REDIS !== undefined)(`engine model${NO_REDIS === undefined ? "" : `, skipped: ${NO_REDIS}`}`, () => {
  let server: RedisServer;
  let admin: ReturnType<typeof createClient>;
  let redis: RedisEngine;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = createClient({ url: server.url });
    await admin.connect();
    redis = new RedisEngine({ redis: admin, prefix: "p", expireMs: 3_600_000, onError: () => {} });
  });
  afterAll(async () => {
    await redis.close();
    admin.destroy();
    await server.stop();
  });

  test("the engine in memory and the one in Redis answer any calls alike, and tell the same", async () => {
    const memory = new MemoryEngineServer();
    const node = memory.connect();
    let runs = 0;
    const seen = new Map<string, number>();

    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const key = `run ${runs++}`;
      const heard: { memory: Message[]; redis: Message[] } = { memory: [], redis: [] };
      await node.subscribe(key, (message) => heard.memory.push(message));
      await redis.subscribe(key, (message) => heard.redis.push(message));
      for (const next of steps) {
        if ("evict" in next) {
          memory.evict(key, next.evict);
          const part = { meta: "m", log: "l", checkpoint: "s" }[next.evict];
          await admin.del(`p:{${encodeURIComponent(key)}}:${part}`);
          continue;
        }
        const expected = await next.call(node, key);
        expect(await next.call(redis, key)).toEqual(expected);
        const status = (expected as { status?: string } | undefined)?.status ?? "none";
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
      await vi.waitFor(() => expect(heard.redis.length).toBe(heard.memory.length));
      expect(heard.redis).toEqual(heard.memory);
      await node.unsubscribe(key);
      await redis.unsubscribe(key);
    });
    await fc.assert(property, { numRuns: 300 });
    // Else it has tested less than it seems.
    const all = ["ok", "empty", "fenced", "behind", "conflict", "broken", "ahead", "tail", "snapshot", "exists"];
    expect([...seen.keys()]).toEqual(expect.arrayContaining(all));
  }, 60_000);
});

function json(value: unknown): string {
  return JSON.stringify(value);
}
