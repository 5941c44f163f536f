import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { RedisServer } from "./redis-server.ts";

/** How long the servers may take to form a cluster, in milliseconds. */
const READY_MS = 30_000;
const POLL_MS = 50;
const MEET_MS = 500;
const SLOTS = 16_384;

export interface RedisClusterOptions {
  /** How many primaries share the slots. Default 3. */
  primaries?: number;
  /** How many replicas each of them has. Default 1. */
  replicas?: number;
  /** After so long without an answer a primary is replaced, in milliseconds. Default 1,000. */
  nodeTimeoutMs?: number;
  /** More settings of every server, by their names in redis.conf. */
  settings?: Readonly<Record<string, string | number>>;
}

/** A Redis Cluster on ports of 127.0.0.1: primaries that share the slots evenly, each with its replicas. */
export class RedisCluster {
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** Starts a cluster; resolves when it serves every slot and its replicas have their data. */
  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { primaries = 3, replicas = 1, nodeTimeoutMs = 1000, settings } = options;
    const servers: RedisServer[] = [];
    const cluster = new RedisCluster(servers);
    const busPort = await freePort();
    const common = {
      "cluster-enabled": "yes",
      "cluster-node-timeout": nodeTimeoutMs,
      "cluster-replica-validity-factor": 0,
      "repl-diskless-sync-delay": 0,
      ...settings,
    };
    try {
      servers.push(await RedisServer.start({ settings: { ...common, "cluster-port": busPort } }));
      while (servers.length < primaries * (1 + replicas)) {
        servers.push(await RedisServer.start({ settings: { ...common, "cluster-port": await freePort() } }));
      }
      await cluster.#join(busPort, primaries);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The addresses of all servers, for the root nodes of a client. */
  get nodes(): { readonly host: string; readonly port: number }[] {
    return this.servers.map(({ port }) => ({ host: "127.0.0.1", port }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** Connects the servers: the first one listens to the others on `busPort`. */
  async #join(busPort: number, primaries: number): Promise<void> {
    const [first] = this.servers as [RedisServer];
    const ids = await Promise.all(this.servers.map((server) => server.command<string>("CLUSTER", "MYID")));
    for (const [n, server] of this.servers.entries()) {
      await server.command("CLUSTER", "SET-CONFIG-EPOCH", String(n + 1));
      if (n < primaries) {
        const [from, to] = [n, n + 1].map((share) => Math.floor((share * SLOTS) / primaries)) as [number, number];
        await server.command("CLUSTER", "ADDSLOTSRANGE", String(from), String(to - 1));
      }
    }
    await until(async () => {
      const known = await Promise.all(this.servers.map(knownTo));
      if (known.every((count) => count === this.servers.length)) return true;
      // Again and again, since a handshake that takes longer than the node timeout is given up.
      for (const server of this.servers)
        if (server !== first) await server.command("CLUSTER", "MEET", "127.0.0.1", String(first.port), String(busPort));
      return false;
    }, MEET_MS);
    for (const [n, server] of this.servers.entries()) {
      const primary = ids[n % primaries] as string;
      // A server refuses until it knows its primary.
      if (n >= primaries) await until(() => server.command("CLUSTER", "REPLICATE", primary).catch(() => undefined));
    }
    for (const server of this.servers) await until(() => isReady(server, this.servers.length, primaries));
  }
}

async function isReady(server: RedisServer, servers: number, primaries: number): Promise<boolean> {
  const info = await server.command<string>("CLUSTER", "INFO");
  const known = `cluster_known_nodes:${servers}\r`;
  const sized = `cluster_size:${primaries}\r`;
  if (!info.includes("cluster_state:ok") || !info.includes(known) || !info.includes(sized)) return false;
  const replication = await server.command<string>("INFO", "replication");
  return replication.includes("role:master") || replication.includes("master_link_status:up");
}

async function knownTo(server: RedisServer): Promise<number> {
  const info = await server.command<string>("CLUSTER", "INFO");
  return Number(/cluster_known_nodes:(\d+)/.exec(info)?.[1]);
}

async function until(condition: () => Promise<unknown>, everyMs: number = POLL_MS): Promise<void> {
  for (const deadline = Date.now() + READY_MS; !(await condition()); await delay(everyMs)) {
    if (Date.now() > deadline) throw new Error(`The cluster is not ready after ${READY_MS} ms.`);
  }
}
