import fc from "fast-check";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Engine, Commit, Message, Position } from "../../src/cluster/engine.ts";
import { RedisEngine } from "../../src/redis/redis-engine.ts";
import { entry } from "../support/entries.ts";
import { MemoryEngineServer } from "../support/memory-engine.ts";
import { RedisServer } from "@statestream/redis-server";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

/** Where the stream was `back` steps ago, if it was; else anywhere. */
interface Place extends Position {
  readonly back: number;
}

/** Entries that follow one another. */
interface Chain {
  readonly from: Place;
  readonly makers: readonly (readonly [epoch: string, events: number])[];
}

const epoch = fc.constantFrom("A", "B");
const owner = fc.constantFrom("me", "me", "me", "you");
// Over at once, or never in this test.
const leaseMs = fc.constantFrom(0, 3_600_000);
const seq = fc.integer({ min: 0, max: 9 });
const body = fc.string({ unit: "binary" });
const place: fc.Arbitrary<Place> = fc.record({ epoch, seq, back: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, Infinity) });
const chain: fc.Arbitrary<Chain> = fc.record({
  from: place,
  makers: fc.array(fc.tuple(epoch, fc.integer({ min: 1, max: 3 })), { maxLength: 4 }),
});

const publish = fc.record({
  call: fc.constant("publish" as const),
  owner,
  chain,
  checkpoint: fc.option(body),
  misplaced: fc.boolean(),
  keep: seq,
  leaseMs,
  check: fc.boolean(),
});
const append = fc.record({
  call: fc.constant("append" as const),
  from: place,
  by: epoch,
  events: fc.integer({ min: 1, max: 3 }),
  id: fc.constantFrom("x", "y", "z"),
});
const putCheckpoint = fc.record({ call: fc.constant("put-checkpoint" as const), at: place, body });
const read = fc.record({ call: fc.constant("read" as const), have: fc.option(place) });
const install = fc.record({ call: fc.constant("install" as const), owner, chain, body, leaseMs, force: fc.boolean() });
const acquire = fc.record({ call: fc.constant("acquire" as const), owner, leaseMs });
const release = fc.record({ call: fc.constant("release" as const), owner });
const heads = fc.record({ call: fc.constant("heads" as const) });
const evict = fc.record({
  call: fc.constant("evict" as const),
  part: fc.constantFrom("meta" as const, "log" as const, "log" as const, "checkpoint" as const),
});

const step = fc.oneof(
  { weight: 8, arbitrary: publish },
  { weight: 4, arbitrary: append },
  { weight: 1, arbitrary: putCheckpoint },
  { weight: 5, arbitrary: read },
  { weight: 2, arbitrary: install },
  { weight: 1, arbitrary: acquire },
  { weight: 1, arbitrary: release },
  { weight: 1, arbitrary: heads },
  { weight: 1, arbitrary: evict },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function positionOf({ back, ...elsewhere }: Place, past: readonly Position[]): Position {
  return past.at(-1 - back) ?? elsewhere;
}

function entriesOf({ from, makers }: Chain, past: readonly Position[]): { entries: Commit[]; end: Position } {
  const entries: Commit[] = [];
  let end = positionOf(from, past);
  for (const [maker, events] of makers) {
    const last = end.seq + events;
    entries.push(entry(end.seq + 1, { epoch: maker, previous: end.epoch, last }));
    end = { epoch: maker, seq: last };
  }
  return { entries, end };
}

async function perform(step: Exclude<Step, { call: "evict" }>, engine: Engine, key: string, past: readonly Position[]) {
  switch (step.call) {
    case "publish": {
      const { entries, end } = entriesOf(step.chain, past);
      const position = step.misplaced ? { epoch: "A", seq: step.keep } : end;
      const checkpoint = step.checkpoint === null ? undefined : { position, body: step.checkpoint };
      const { owner: by, leaseMs: ms, keep } = step;
      return engine.publish(key, {
        owner: by,
        entries,
        checkpoint,
        keepFrom: end.seq - keep,
        leaseMs: ms,
        check: step.check,
        answers: [],
        answerMs: 1000,
      });
    }
    case "append": {
      const from = positionOf(step.from, past);
      const commit = entry(from.seq + 1, { epoch: step.by, previous: from.epoch, last: from.seq + step.events });
      const reply = await engine.append(key, { id: step.id, idMs: 3_600_000, withinMs: 3_600_000, commit });
      return reply.status === "held" ? { status: "held" } : reply;
    }
    case "put-checkpoint":
      return engine.putCheckpoint(key, { position: positionOf(step.at, past), body: step.body });
    case "read":
      return engine.read(key, step.have ? positionOf(step.have, past) : undefined);
    case "install": {
      const { entries, end } = entriesOf(step.chain, past);
      const { owner: by, leaseMs: ms, force } = step;
      const checkpoint = { position: end, body: step.body };
      return engine.install(key, { owner: by, checkpoint, entries, leaseMs: ms, force });
    }
    case "acquire": {
      const reply = await engine.acquire(key, step.owner, step.leaseMs);
      // How long it remains is the clock's.
      return reply.status === "held" ? { status: "held" } : reply;
    }
    case "release":
      return engine.release(key, step.owner);
    case "heads":
      return engine.heads([key, "none", key]);
  }
}

describe.skipIf(!HAS_REDIS)(`engine model${SKIPPED}`, { retry: 0 }, () => {
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

  test("the engine in memory and the one in Redis answer all calls alike, and send the same messages", async () => {
    const memory = new MemoryEngineServer();
    const node = memory.connect();
    const seen = new Map<string, number>();
    let runs = 0;

    const property = fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const key = `run ${runs++}`;
      const heard: { memory: Message[]; redis: Message[] } = { memory: [], redis: [] };
      await node.subscribe(key, (message) => heard.memory.push(message));
      await redis.subscribe(key, (message) => heard.redis.push(message));
      const past: Position[] = [];
      for (const next of steps) {
        if (next.call === "evict") {
          memory.evict(key, next.part);
          await admin.del(`p:{${encodeURIComponent(key)}}:${{ meta: "m", log: "l", checkpoint: "s" }[next.part]}`);
          continue;
        }
        const before = [...past];
        const expected = await perform(next, node, key, before);
        expect(await perform(next, redis, key, before)).toEqual(expected);
        const { status } = { status: "none", ...(expected as object | undefined) };
        seen.set(status, (seen.get(status) ?? 0) + 1);
        const [head] = await node.heads([key]);
        if (head) past.push(head);
      }
      await vi.waitFor(() => expect(heard.redis.length).toBe(heard.memory.length));
      expect(heard.redis).toEqual(heard.memory);
      await node.unsubscribe(key);
      await redis.unsubscribe(key);
    });
    await fc.assert(property, { numRuns: 400 });
    // Else it has tested less than it seems.
    const every = [
      "ok",
      "empty",
      "fenced",
      "behind",
      "conflict",
      "broken",
      "ahead",
      "tail",
      "snapshot",
      "exists",
      "held",
      "done",
    ];
    expect([...seen.keys()]).toEqual(expect.arrayContaining(every));
  }, 60_000);
});
