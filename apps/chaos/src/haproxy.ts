import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "@statestream/redis-server";
import type { Processes } from "./processes.ts";

const PATIENCE_MS = 5000;

/** HAProxy before the serving nodes: round robin over those that say they are ready. */
export class HaProxy {
  readonly port: number;
  readonly #master: ChildProcess;

  private constructor(port: number, master: ChildProcess) {
    this.port = port;
    this.#master = master;
  }

  static async start(
    dir: string,
    nodes: readonly { name: string; port: number }[],
    processes: Processes,
  ): Promise<HaProxy> {
    const port = await freePort();
    const file = join(dir, "haproxy.cfg");
    writeFileSync(file, configOf(port, nodes));
    const proxy = new HaProxy(port, processes.spawn("haproxy", "haproxy", ["-W", "-f", file]));
    await proxy.#listening();
    return proxy;
  }

  /** Starts new workers; the old ones have two seconds for the connections they have. */
  async reload(): Promise<void> {
    this.#master.kill("SIGUSR2");
    await this.#listening();
  }

  async #listening(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (!(await accepts(this.port))) {
      if (Date.now() > until) throw new Error("HAProxy does not listen; see haproxy.out.");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function configOf(port: number, nodes: readonly { name: string; port: number }[]): string {
  const servers = nodes.map(({ name, port }) => `  server ${name} 127.0.0.1:${port} check inter 300 fall 2 rise 1`);
  return `global
  hard-stop-after 2s
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout check 500
  option redispatch
  retries 3
frontend clients
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET /ready
${servers.join("\n")}
`;
}
