import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "redis";
import { freePort, type Processes } from "./processes.ts";

/** Milliseconds for a server to come up, or to answer. */
const PATIENCE_MS = 5000;

/** A redis-server that keeps nothing on disk. */
export class RedisServer {
  readonly name: string;
  readonly port: number;
  readonly #processes: Processes;
  #child: ChildProcess | undefined;

  readonly #dir: string;

  private constructor(name: string, port: number, dir: string, processes: Processes) {
    this.name = name;
    this.port = port;
    this.#dir = dir;
    this.#processes = processes;
  }

  static async start(name: string, dir: string, processes: Processes): Promise<RedisServer> {
    const server = new RedisServer(name, await freePort(), join(dir, name), processes);
    await server.start();
    return server;
  }

  /** Starts it, empty. */
  async start(): Promise<void> {
    // What a replica was sent it writes to a file, and would begin with that.
    rmSync(this.#dir, { recursive: true, force: true });
    mkdirSync(this.#dir);
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#dir];
    // A replica that was cut off notices within two seconds, and a resync waits for nobody.
    const replication = ["--repl-timeout", "2", "--repl-ping-replica-period", "1", "--repl-diskless-sync-delay", "0"];
    this.#child = this.#processes.spawn(this.name, "redis-server", [
      ...args,
      "--save",
      "",
      "--appendonly",
      "no",
      ...replication,
    ]);
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const pong = await this.command("PING").catch(() => undefined);
      if (pong === "PONG") return;
      if (Date.now() > until) throw new Error(`${this.name} does not answer.`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks it directly, past every proxy. */
  async command<T>(...args: string[]): Promise<T> {
    const client = createClient({
      socket: { host: "127.0.0.1", port: this.port, reconnectStrategy: false, connectTimeout: PATIENCE_MS },
    });
    // What goes wrong rejects below as well.
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.sendCommand(args)) as T;
    } finally {
      client.destroy();
    }
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Kills it; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    this.#processes.expectExit(child);
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** Follows the primary at that port, and takes over what it holds. */
  async follow(port: number): Promise<void> {
    await this.command("REPLICAOF", "127.0.0.1", String(port));
  }

  async promote(): Promise<void> {
    await this.command("REPLICAOF", "NO", "ONE");
  }

  /** Resolves when it has caught up with its primary. */
  async synced(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const info = await this.command<string>("INFO", "replication").catch(() => "");
      if (info.includes("master_link_status:up")) return;
      if (Date.now() > until) throw new Error(`${this.name} does not follow its primary.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
