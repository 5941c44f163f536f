import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { freePort } from "./free-port.ts";

/** How long a server may take to start, or to accept a connection, in milliseconds. */
const START_MS = 10_000;
const POLL_MS = 20;

/** The version of the installed redis-server; `undefined` where there is none. */
export function redisServerVersion(): string | undefined {
  const { stdout, error } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return error === undefined ? (/v=([\d.]+)/.exec(stdout)?.[1] ?? "unknown") : undefined;
}

export interface RedisServerOptions {
  /** Default: a free port. */
  port?: number;
  /** More settings, by their names in redis.conf. */
  settings?: Readonly<Record<string, string | number>>;
  /** Makes it a sentinel with these lines of sentinel.conf. */
  sentinel?: readonly string[];
  /** Starts the process. Default: `child_process.spawn` without output. */
  spawn?: (command: string, args: readonly string[]) => ChildProcess;
}

/** A redis-server on a port of 127.0.0.1 that keeps its data in memory only, so that it starts empty every time. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #args: readonly string[];
  readonly #sentinel: readonly string[] | undefined;
  readonly #dir: string;
  readonly #spawn: NonNullable<RedisServerOptions["spawn"]>;
  #child: ChildProcess | undefined;

  // Also when this process ends before it has called stop().
  readonly #killOnExit = (): void => void this.#child?.kill("SIGKILL");

  private constructor(
    port: number,
    { settings = {}, sentinel, spawn: spawnOption = spawnSilently }: RedisServerOptions,
  ) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#dir = mkdtempSync(join(tmpdir(), "statestream-redis-"));
    this.#spawn = spawnOption;
    const all = { port, bind: "127.0.0.1", dir: this.#dir, save: "", appendonly: "no", ...settings };
    this.#args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#sentinel = sentinel && [`port ${port}`, "bind 127.0.0.1", `dir ${this.#dir}`, ...sentinel, ""];
    process.once("exit", this.#killOnExit);
  }

  /** Starts a server; resolves when it answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options.port ?? (await freePort()), options);
    try {
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** The process; `undefined` while there is none. */
  get process(): ChildProcess | undefined {
    return this.#child;
  }

  /** Starts it again, empty, if it does not run; resolves when it answers. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    // A replica writes what its primary sent to a file, and would load that file at the next start.
    rmSync(this.#dir, { recursive: true, force: true });
    mkdirSync(this.#dir);
    let args = this.#args;
    if (this.#sentinel !== undefined) {
      // A sentinel writes what it finds out into its configuration.
      const file = join(this.#dir, "sentinel.conf");
      writeFileSync(file, this.#sentinel.join("\n"));
      args = [file, "--sentinel"];
    }
    const child = this.#spawn("redis-server", args);
    this.#child = child;
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    const deadline = Date.now() + START_MS;
    while ((await this.command("PING").catch(() => undefined)) !== "PONG") {
      if (this.#child !== child) throw new Error(`The redis-server on port ${this.port} ended while it started.`);
      if (Date.now() > deadline) throw new Error(`The redis-server on port ${this.port} does not answer.`);
      await delay(POLL_MS);
    }
  }

  /** Sends one command over a connection of its own. */
  async command<T>(...args: string[]): Promise<T> {
    const socket = { host: "127.0.0.1", port: this.port, reconnectStrategy: false, connectTimeout: START_MS } as const;
    const client = createClient({ socket });
    // The command rejects as well.
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.sendCommand(args)) as T;
    } finally {
      client.destroy();
    }
  }

  /** SIGSTOP makes it stop answering without closing a connection. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Kills the process; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** Kills the process for good, and removes its directory. */
  async stop(): Promise<void> {
    process.off("exit", this.#killOnExit);
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function spawnSilently(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, { stdio: "ignore" });
}
