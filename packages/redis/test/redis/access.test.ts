import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, RedisCluster, RedisSentinels, RedisServer } from "@statestream/redis-server";
import { Cluster as IoRedisCluster, Redis as IoRedis } from "ioredis";
import { createClient, createCluster, createSentinel } from "redis";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Backplane, createRedisBackplane, type RedisClient } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const host = "127.0.0.1";
const user = { username: "app", password: "password" };

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

/** The commands of docs/operations.md that give the user its rights; all of them with `inCluster`. */
function rights(inCluster = false): string[][] {
  const docs = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");
  const lines = [...docs.matchAll(/^ {4}(ACL SETUSER app .*)$/gm)].map(([, line = ""]) => line.split(" "));
  expect(lines).toHaveLength(2);
  return inCluster ? lines : lines.slice(0, 1);
}

async function grant(servers: readonly RedisServer[], commands: readonly string[][]): Promise<void> {
  for (const server of servers) for (const command of commands) await server.command(...command);
}

/** Uses everything that a backplane can do, on two nodes. Nothing may be refused. */
async function useEverything(make: () => RedisClient, servers: readonly RedisServer[], replicas = 0): Promise<void> {
  const errors: string[] = [];
  const node = (): Backplane => {
    const options = { checkMs: 100, onError: ({ message }: Error) => errors.push(message) };
    const backplane = createRedisBackplane({ redis: make(), ...options });
    after.push(() => backplane.close());
    return backplane;
  };
  const [a, b] = [node(), node()];
  const connection = b.streams.get("updated").connect();
  after.push(() => connection.close());
  const increment = (state: { count: number }) => ({ count: state.count + 1 });
  for (let n = 0; n < 250; n++) await a.update("updated", { count: 0 }, increment);
  const writer = b.writer("written", {
    initialState: { text: "" },
    onCommand: (command) => {
      writer.set("text", String(command));
      return "done";
    },
  });
  await writer.leads();
  writer.set("text", "set");
  await writer.flushed({ replicas, timeoutMs: 5000 });
  expect(await a.send("written", "sent", { id: "1" })).toBe("done");
  expect(await a.send("written", "sent twice", { id: "1" })).toBe("done");
  const next = a.writer("written", { initialState: { text: "" } });
  await writer.close();
  await next.leads();
  expect(next.state).toStrictEqual({ text: "sent" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  connection.close();
  await Promise.all([a.close(), b.close()]);
  expect(errors).toStrictEqual([]);
  for (const server of servers) {
    const refused = await server.command<{ reason: string; object: string; username: string }[]>("ACL", "LOG");
    expect(refused.map(({ reason, object, username }) => [reason, object, username])).toStrictEqual([]);
  }
}

describe.skipIf(!HAS_REDIS)(`a Redis user with the rights that docs/operations.md gives${SKIPPED}`, () => {
  describe("on one server", () => {
    let server: RedisServer;

    beforeAll(async () => {
      server = await RedisServer.start();
      await grant([server], rights());
      return () => server.stop();
    });

    test.each<[string, () => RedisClient]>([
      ["node-redis", () => createClient({ url: server.url, ...user })],
      ["node-redis with RESP 2", () => createClient({ url: server.url, ...user, RESP: 2 })],
      ["node-redis in another database", () => createClient({ url: server.url, ...user, database: 3 })],
      ["node-redis with a key prefix", () => createClient({ url: server.url, ...user, keyPrefix: "app:" })],
      ["ioredis", () => new IoRedis(server.url, { ...user, lazyConnect: true })],
      ["ioredis in another database", () => new IoRedis(server.url, { ...user, lazyConnect: true, db: 3 })],
      ["ioredis with a key prefix", () => new IoRedis(server.url, { ...user, lazyConnect: true, keyPrefix: "app:" })],
    ])("can do everything with %s", async (_, make) => {
      await server.command("FLUSHALL");
      await useEverything(make, [server], 0);
      expect(await server.command("KEYS", "app:*")).toStrictEqual([]);
    });
  });

  test("can do everything in a cluster", { timeout: 60_000 }, async () => {
    const cluster = await RedisCluster.start();
    after.push(() => cluster.stop());
    const { nodes, servers } = cluster;
    await grant(servers, rights(true));
    const rootNodes = nodes.map((socket) => ({ socket }));
    await useEverything(() => createCluster({ rootNodes, defaults: user }), servers, 1);
    await grant(servers.slice(0, 3), [["FLUSHALL"]]);
    await useEverything(() => createCluster({ rootNodes, defaults: user, RESP: 2 }), servers);
    await grant(servers.slice(0, 3), [["FLUSHALL"]]);
    await useEverything(() => new IoRedisCluster(nodes, { lazyConnect: true, redisOptions: user }), servers, 1);
  });

  test("can do everything where sentinels watch the primary", { timeout: 60_000 }, async () => {
    const all = await RedisSentinels.start();
    after.push(() => all.stop());
    const { name, nodes, servers } = all;
    await grant(servers, rights());
    await useEverything(() => createSentinel({ name, sentinelRootNodes: nodes, nodeClientOptions: user }), servers, 1);
    await grant(servers.slice(0, 1), [["FLUSHALL"]]);
    await useEverything(() => new IoRedis({ name, sentinels: nodes, ...user, lazyConnect: true }), servers, 1);
  });
});

const HAS_OPENSSL = hasOpenssl();

describe.skipIf(!HAS_REDIS || !HAS_OPENSSL)(`TLS${SKIPPED}${HAS_OPENSSL ? "" : " (skipped: no openssl)"}`, () => {
  let server: RedisServer;
  let port: number;
  let ca: string;

  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), "statestream-tls-"));
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert, ...subject],
      { stdio: "ignore" },
    );
    ca = readFileSync(cert, "utf8");
    port = await freePort();
    const tls = { "tls-port": port, "tls-cert-file": cert, "tls-key-file": key, "tls-auth-clients": "no" };
    server = await RedisServer.start({ settings: tls });
    return async () => {
      await server.stop();
      rmSync(dir, { recursive: true });
    };
  });

  test.each<[string, () => RedisClient]>([
    ["node-redis", () => createClient({ socket: { host, port, tls: true, ca } })],
    ["ioredis", () => new IoRedis(port, host, { tls: { ca }, lazyConnect: true })],
  ])("%s connects with it", async (_, make) => {
    await server.command("FLUSHALL");
    await useEverything(make, [server], 0);
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
