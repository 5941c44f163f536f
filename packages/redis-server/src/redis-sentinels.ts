import { setTimeout as delay } from "node:timers/promises";
import { RedisServer } from "./redis-server.ts";

/** How long the sentinels may take to find each other and the replica, in milliseconds. */
const READY_MS = 20_000;
const POLL_MS = 50;

/** A primary and a replica that three sentinels watch, on ports of 127.0.0.1. */
export class RedisSentinels {
  /** The name under which the sentinels know the primary. */
  readonly name = "primary";
  readonly sentinels: readonly RedisServer[];
  readonly servers: readonly RedisServer[];

  private constructor(sentinels: readonly RedisServer[], servers: readonly RedisServer[]) {
    this.sentinels = sentinels;
    this.servers = servers;
  }

  /** Starts them; resolves when the sentinels could replace the primary. It is replaced after `downAfterMs` without an answer. */
  static async start({ downAfterMs = 1000 }: { downAfterMs?: number } = {}): Promise<RedisSentinels> {
    const servers: RedisServer[] = [];
    const sentinels: RedisServer[] = [];
    const all = new RedisSentinels(sentinels, servers);
    try {
      const primary = await RedisServer.start({ settings: { "repl-diskless-sync-delay": 0 } });
      servers.push(primary);
      const settings = { "repl-diskless-sync-delay": 0, replicaof: `127.0.0.1 ${primary.port}` };
      servers.push(await RedisServer.start({ settings }));
      const sentinel = [
        `sentinel monitor ${all.name} 127.0.0.1 ${primary.port} 2`,
        `sentinel down-after-milliseconds ${all.name} ${downAfterMs}`,
        `sentinel failover-timeout ${all.name} 5000`,
      ];
      for (let n = 0; n < 3; n++) sentinels.push(await RedisServer.start({ sentinel }));
      await all.#ready();
    } catch (error) {
      await all.stop();
      throw error;
    }
    return all;
  }

  /** The addresses of the sentinels, for the options of a client. */
  get nodes(): { readonly host: string; readonly port: number }[] {
    return this.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
  }

  /** The server that the sentinels take for the primary. */
  async primary(): Promise<RedisServer> {
    const [sentinel] = this.sentinels as [RedisServer];
    const [, port] = await sentinel.command<[string, string]>("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.name);
    const primary = this.servers.find((server) => server.port === Number(port));
    if (primary === undefined) throw new Error(`The sentinels name a primary on port ${port}, which is none of ours.`);
    return primary;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()));
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (const sentinel of this.sentinels) {
      while (!(await this.#knowsAll(sentinel))) {
        if (Date.now() > deadline) throw new Error(`The sentinels are not ready after ${READY_MS} ms.`);
        await delay(POLL_MS);
      }
    }
  }

  async #knowsAll(sentinel: RedisServer): Promise<boolean> {
    const known = await sentinel.command<Record<string, string>>("SENTINEL", "MASTER", this.name);
    return known["num-slaves"] === "1" && known["num-other-sentinels"] === "2";
  }
}
