import { setTimeout as delay } from "node:timers/promises";
import { RedisServer } from "@statestream/redis-server";
import type { Processes } from "./processes.ts";

/** How long a replica may take to catch up with its primary, in milliseconds. */
const SYNC_MS = 5000;

const SETTINGS = {
  // A replica notices within two seconds that its link was cut, and a resync starts at once.
  "repl-timeout": 2,
  "repl-ping-replica-period": 1,
  "repl-diskless-sync-delay": 0,
};

/** A redis-server of a run, which can be primary or replica. */
export class ReplicatedRedis {
  readonly name: string;
  readonly #server: RedisServer;
  readonly #processes: Processes;

  private constructor(name: string, server: RedisServer, processes: Processes) {
    this.name = name;
    this.#server = server;
    this.#processes = processes;
  }

  static async start(name: string, processes: Processes): Promise<ReplicatedRedis> {
    const server = await RedisServer.start({
      settings: SETTINGS,
      spawn: (command, args) => processes.spawn(name, command, args),
    });
    return new ReplicatedRedis(name, server, processes);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Starts it again, empty. */
  start(): Promise<void> {
    return this.#server.start();
  }

  /** Sends a command directly, not through a proxied link. */
  command<T>(...args: string[]): Promise<T> {
    return this.#server.command<T>(...args);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#server.signal(signal);
  }

  /** Kills it; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#expectExit();
    await this.#server.kill();
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#expectExit();
    await this.#server.stop();
  }

  /** Makes it a replica of the primary at that port. */
  async follow(port: number): Promise<void> {
    await this.command("REPLICAOF", "127.0.0.1", String(port));
  }

  async promote(): Promise<void> {
    await this.command("REPLICAOF", "NO", "ONE");
  }

  /** Resolves when it has caught up with its primary. */
  async synced(): Promise<void> {
    const deadline = Date.now() + SYNC_MS;
    for (;;) {
      const info = await this.command<string>("INFO", "replication").catch(() => "");
      if (info.includes("master_link_status:up")) return;
      if (Date.now() > deadline) throw new Error(`${this.name} does not follow its primary.`);
      await delay(50);
    }
  }

  #expectExit(): void {
    const child = this.#server.process;
    if (child !== undefined) this.#processes.expectExit(child);
  }
}
