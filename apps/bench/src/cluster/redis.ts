import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { sleep } from "../measure/clock.ts";

/** What `redis-server --version` says; `undefined` where there is none. */
export function redisVersion(): string | undefined {
  const { stdout, error } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return error === undefined ? /v=([\d.]+)/.exec(stdout)?.[1] : undefined;
}

/** A Redis of our own on a free port, in memory only. */
export class Redis {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(port: number, process: ChildProcess, directory: string) {
    this.port = port;
    this.#process = process;
    this.#directory = directory;
  }

  static async start(): Promise<Redis> {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const directory = mkdtempSync(join(tmpdir(), "statestream-bench-"));
    const args = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      directory,
    ];
    const redis = new Redis(port, spawn("redis-server", args, { stdio: "ignore" }), directory);
    for (let tries = 0; tries < 100; tries++) {
      if (await redis.command("PING").catch(() => undefined)) return redis;
      await sleep(50);
    }
    throw new Error("redis-server does not answer.");
  }

  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ socket: { host: "127.0.0.1", port: this.port, reconnectStrategy: false } });
    client.on("error", () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Microseconds of CPU since the start. Linux counts in hundredths of a second. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  }

  async stop(): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** An address that moves from one Redis to another, as a provider's endpoint does. */
export class Endpoint {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  target: number;

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((socket) => {
      const upstream = connect(this.target, "127.0.0.1");
      for (const [from, to] of [[socket, upstream] as const, [upstream, socket] as const]) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts everybody off; who comes back is at the other one. */
  move(target: number): void {
    this.target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
