import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";

/** Tests with a real Redis run where there is one. */
export const HAS_REDIS: boolean = !spawnSync("redis-server", ["--version"]).error;

/** For the titles of those tests: why they do not run, if they do not. */
export const SKIPPED: string = HAS_REDIS ? "" : " (skipped: there is no redis-server on the PATH)";

/** A redis-server of our own on a free port of 127.0.0.1, without persistence. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #dir: string;

  readonly #kill = (): void => void this.#process.kill("SIGKILL");

  private constructor(process: ChildProcess, port: number, dir: string) {
    this.#process = process;
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#dir = dir;
    // Also when the tests end before they have stopped it.
    globalThis.process.once("exit", this.#kill);
  }

  static async start(port?: number): Promise<RedisServer> {
    port ??= await freePort();
    const dir = await mkdtemp(join(tmpdir(), "statestream-redis-"));
    const options = {
      port,
      bind: "127.0.0.1",
      save: "",
      appendonly: "no",
      "repl-diskless-sync-delay": 0,
      "enable-debug-command": "local",
      dir,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const server = new RedisServer(spawn("redis-server", args, { stdio: "ignore" }), port, dir);
    await server.command("PING");
    return server;
  }

  /** One command on a connection of its own; waits until the server is there. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: 20 } });
    client.on("error", () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Stops answering, without closing a connection. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    globalThis.process.off("exit", this.#kill);
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exit = once(this.#process, "exit");
      this.#kill();
      await exit;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return address.port;
}
