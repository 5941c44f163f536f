import { createClient, RESP_TYPES } from "redis";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/cluster/engine.ts";
import type { NodeRedisClient as RedisClient } from "../../src/redis/redis-client.ts";
import { RedisEngine } from "../../src/redis/redis-engine.ts";
import { at, entry, installing, publishing } from "../support/entries.ts";
import { Proxy } from "../support/proxy.ts";
import { freePort, RedisServer } from "@statestream/redis-server";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const HEAD = { kind: "head" };
const messageOf = (of: ReturnType<typeof entry>) => ({ kind: "entry", entry: of });
const SOON = { timeout: 8000 };

describe.skipIf(!HAS_REDIS)(`RedisEngine${SKIPPED}`, { timeout: 20_000 }, () => {
  const after: (() => unknown)[] = [];
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
    return () => server.stop();
  });
  afterEach(async () => {
    for (const undo of after.splice(0).reverse()) await undo();
    await server.command("FLUSHALL");
  });

  const open = (redis: RedisClient, probeMs = 50) => {
    const errors: string[] = [];
    const changes: string[] = [];
    const onError = (error: Error) => errors.push(error.message);
    const engine = new RedisEngine({ redis, prefix: "p", expireMs: 60_000, onError, probeMs, deadlineMs: 500 });
    engine.onChange((change) => changes.push(change));
    after.push(() => engine.close());
    return { engine, errors, changes };
  };
  const client = () => createClient({ url: server.url });
  const follow = async (engine: RedisEngine, key = "k") => {
    const heard: Message[] = [];
    await engine.subscribe(key, (message) => heard.push(message));
    return heard;
  };

  /** Waits for some probes of an engine that is open. */
  const countProbes = async (count: number) => {
    const listener = await client().connect();
    after.push(() => listener.destroy());
    let probes = 0;
    await listener.pSubscribe("p:probe:*", () => probes++);
    await vi.waitFor(() => expect(probes).toBeGreaterThanOrEqual(count), SOON);
  };

  test.each<[string, () => RedisClient]>([
    ["RESP2", () => createClient({ url: server.url, RESP: 2 })],
    ["RESP3", () => createClient({ url: server.url, RESP: 3 })],
    [
      "replies as buffers",
      () => createClient({ url: server.url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }),
    ],
    ["a cache", () => createClient({ url: server.url, clientSideCache: { ttl: 0, maxEntries: 0 } })],
    ["a key prefix", () => createClient({ url: server.url, keyPrefix: "x:" })],
    ["one command at a time", () => createClient({ url: server.url, commandsQueueMaxLength: 100 })],
  ])("works with a client that has %s, which stays closed", async (_, redisOf) => {
    const redis = redisOf();
    const { engine } = open(redis);
    const heard = await follow(engine);
    expect(await engine.read("k", undefined)).toEqual({ status: "empty" });
    await engine.install("k", installing(1, { entries: [entry(1)] }));
    expect(await engine.publish("k", publishing([entry(2)]))).toMatchObject({ status: "ok", head: at("A", 2) });
    expect(await engine.read("k", undefined)).toMatchObject({ status: "snapshot", entries: [entry(1), entry(2)] });
    expect(await engine.heads(["k", "none"])).toEqual([at("A", 2), undefined]);
    await vi.waitFor(() => expect(heard).toEqual([HEAD, messageOf(entry(2))]));
    expect(redis.isOpen).toBe(false);
  });

  test("keeps three keys in one slot, which expire together", async () => {
    const { engine } = open(client());
    await follow(engine, "a{b}");
    const names = ["p:{a%7Bb%7D}:l", "p:{a%7Bb%7D}:m", "p:{a%7Bb%7D}:s"];
    const calls = [
      () => engine.install("a{b}", installing(1, { entries: [entry(1)] })),
      () => engine.publish("a{b}", publishing([entry(2)])),
      () => engine.publish("a{b}", publishing([entry(9)])),
      () => engine.acquire("a{b}", "writer", 5000),
    ];
    for (const call of calls) {
      await call();
      expect((await server.command<string[]>("KEYS", "*")).toSorted()).toEqual(names);
      for (const name of names) {
        expect(await server.command("PTTL", name)).toBeGreaterThan(50_000);
        await server.command("PERSIST", name);
      }
    }
    expect(await server.command("PUBSUB", "CHANNELS", "p:{*")).toEqual(["p:{a%7Bb%7D}:c"]);
  });

  test("brings its scripts again after they were flushed", async () => {
    const { engine } = open(client());
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1)]));
    await server.command("SCRIPT", "FLUSH");
    expect(await engine.publish("k", publishing([entry(2)]))).toMatchObject({ status: "ok", head: at("A", 2) });
  });

  test("hears again when its subscriptions' connection was killed, and says that it may have missed something", async () => {
    const { engine, changes } = open(client());
    const heard = await follow(engine);
    await engine.install("k", installing(0));
    await vi.waitFor(() => expect(heard).toEqual([HEAD]));
    await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await vi.waitFor(() => expect(changes).toContain("up"), SOON);
    await engine.publish("k", publishing([entry(1)]));
    await vi.waitFor(() => expect(heard).toEqual([HEAD, messageOf(entry(1))]));
  });

  test("makes a subscriber anew that hears nothing though its connection lives", async () => {
    const redis = client();
    const made: RedisClient[] = [];
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (overrides) => {
      const copy = duplicate(overrides);
      made.push(copy);
      return copy;
    };
    const { engine, changes } = open(redis);
    const heard = await follow(engine);
    const deaf = made[1] as ReturnType<typeof client>;
    await deaf.unsubscribe();
    await vi.waitFor(() => expect(changes).toContain("down"), SOON);
    await vi.waitFor(() => expect(changes.at(-1)).toBe("up"), SOON);
    expect(deaf.isOpen).toBe(false);
    expect(made[0]?.isOpen).toBe(true);
    await engine.install("k", installing(0));
    await vi.waitFor(() => expect(heard).toEqual([HEAD]));
  });

  test.each<20 | false>([20, false])(
    "comes back with a server that was killed; reconnect strategy: %s",
    async (reconnectStrategy) => {
      const port = await freePort();
      let mortal = await RedisServer.start({ port: port });
      after.push(() => mortal.stop());
      const { engine, changes, errors } = open(createClient({ url: mortal.url, socket: { reconnectStrategy } }));
      const heard = await follow(engine);
      await engine.install("k", installing(0));
      await vi.waitFor(() => expect(heard).toEqual([HEAD]));

      await mortal.stop();
      await vi.waitFor(() => expect(changes).toContain("down"), SOON);
      await expect(engine.read("k", undefined)).rejects.toThrow("could not be reached");
      // However many attempts there were, each of the two connections reports it once.
      const refused = `connect ECONNREFUSED 127.0.0.1:${port}`;
      expect(errors.filter((message) => message === refused)).toEqual([refused, refused]);

      mortal = await RedisServer.start({ port: port });
      await vi.waitFor(() => expect(changes.at(-1)).toBe("up"), SOON);
      expect(await engine.read("k", undefined)).toEqual({ status: "empty" });
      await engine.install("k", installing(1));
      await vi.waitFor(() => expect(heard).toEqual([HEAD, HEAD]));
    },
  );

  test("may be started before its server", async () => {
    const port = await freePort();
    const { engine, changes } = open(createClient({ url: `redis://127.0.0.1:${port}` }));
    expect(engine.downSince).toBeUndefined();
    await expect(engine.read("k", undefined)).rejects.toThrow("could not be reached within 500 ms");
    await vi.waitFor(() => expect(changes).toEqual(["down"]), SOON);
    const late = await RedisServer.start({ port: port });
    after.push(() => late.stop());
    await vi.waitFor(() => expect(changes.at(-1)).toBe("up"), SOON);
    expect(await engine.read("k", undefined)).toEqual({ status: "empty" });
  });

  test("rejects calls while its server loads its data", async () => {
    const slow = await RedisServer.start({ settings: { "enable-debug-command": "local" } });
    after.push(() => slow.stop());
    const { engine, changes } = open(createClient({ url: slow.url, socket: { reconnectStrategy: 20 } }));
    await engine.install("k", installing(0));
    await slow.command("DEBUG", "POPULATE", "1000");
    // A millisecond for each key, and a look at its clients in between.
    await slow.command("CONFIG", "SET", "key-load-delay", "1000", "loading-process-events-interval-bytes", "1024");
    const loaded = slow.command("DEBUG", "RELOAD");
    await vi.waitFor(() => expect(engine.read("k", undefined)).rejects.toThrow("LOADING"), SOON);
    await vi.waitFor(() => expect(changes).toContain("down"), SOON);
    await loaded;
    await vi.waitFor(() => expect(changes.at(-1)).toBe("up"), SOON);
    expect(await engine.read("k", undefined)).toMatchObject({ status: "snapshot", head: at("A", 0) });
  });

  test.each([
    ["out of memory", "maxmemory", "1", "0", "OOM"],
    ["without its replicas", "min-replicas-to-write", "1", "0", "NOREPLICAS"],
  ])("rejects what a server that is %s does not take", async (_, setting, bad, good, code) => {
    await server.command("CONFIG", "SET", setting, bad);
    after.push(() => server.command("CONFIG", "SET", setting, good));
    const { engine } = open(client());
    await expect(engine.install("k", installing(0))).rejects.toThrow(code);
    expect(await engine.read("k", undefined)).toEqual({ status: "empty" });
    // Messages still arrive, probes too.
    const heard = await follow(engine);
    await server.command("PUBLISH", "p:{k}:c", "head");
    await vi.waitFor(() => expect(heard).toEqual([HEAD]));
    await countProbes(6);
    await vi.waitFor(() => expect(engine.downSince).toBeUndefined(), SOON);
  });

  test("follows the primary to a replica that was promoted, with all that was replicated", async () => {
    const [old, next] = [await RedisServer.start(), await RedisServer.start()];
    const proxy = await Proxy.start(old.port);
    after.push(
      () => old.stop(),
      () => next.stop(),
      () => proxy.stop(),
    );
    await next.command("REPLICAOF", "127.0.0.1", String(old.port));
    const { engine, changes } = open(createClient({ url: proxy.url }), 500);
    const heard = await follow(engine);
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1), entry(2, { last: 3 })]));
    await vi.waitFor(async () => expect(await next.command("HGET", "p:{k}:m", "n")).toBe("3"), SOON);

    // The old primary lives on as a replica, and our connections to it too.
    proxy.target = next.port;
    await next.command("REPLICAOF", "NO", "ONE");
    await old.command("REPLICAOF", "127.0.0.1", String(next.port));
    await vi.waitFor(() => expect(changes.at(-1)).toBe("up"), SOON);
    // The first refusal is enough.
    expect(changes).not.toContain("down");

    const request = publishing([entry(2, { last: 3 }), entry(4)]);
    expect(await engine.publish("k", request)).toEqual({ status: "ok", head: at("A", 4), broken: false });
    expect(await engine.read("k", at("A", 1))).toMatchObject({ status: "tail", entries: request.entries });
    expect(await engine.acquire("k", "other", 1)).toMatchObject({ status: "held" });
    const sent = [entry(1), entry(2, { last: 3 }), ...request.entries];
    await vi.waitFor(() => expect(heard).toEqual([HEAD, ...sent.map(messageOf)]));
  });

  test("reports messages of others and listeners that throw, and continues", async () => {
    const { engine, errors } = open(client());
    await engine.subscribe("bad", () => {
      throw new Error("no");
    });
    const heard = await follow(engine);
    for (const text of ["", "A A 1 2", "nonsense"]) await server.command("PUBLISH", "p:{k}:c", text);
    // Both in one piece: a driver whose listener throws forgets the rest of it.
    const both = "for _, c in ipairs(ARGV) do redis.call('PUBLISH', c, 'head') end";
    await server.command("EVAL", both, "0", "p:{bad}:c", "p:{k}:c");
    await vi.waitFor(() => expect(heard).toEqual([HEAD]));
    const foreign = 'A message on the channel of "k" was not sent by this library';
    expect(errors).toEqual([foreign, foreign, foreign, "no"]);
  });

  test("leaves no connection and no pending call behind when it is closed", async () => {
    const { engine, changes } = open(client());
    await follow(engine);
    const pending = [engine.read("k", undefined), engine.heads(["k"]), engine.subscribe("l", () => {})];
    const settled = Promise.allSettled(pending);
    await engine.close();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    const others = async () => (await server.command<string>("CLIENT", "LIST")).trim().split("\n").length - 1;
    await vi.waitFor(async () => expect(await others()).toBe(0), SOON);
    // Also when it has never been connected.
    const early = open(client()).engine;
    const read = early.read("k", undefined);
    await early.close();
    await expect(read).rejects.toThrow("closed");
    await vi.waitFor(async () => expect(await others()).toBe(0), SOON);
    // Nor a probe: after so many it would have emitted down.
    const another = open(client()).engine;
    await countProbes(6);
    await another.close();
    expect(changes).toEqual([]);
  });
});
