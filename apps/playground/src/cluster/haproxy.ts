import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end } from "./child.ts";
import { HOST } from "./ports.ts";

const GRACE_MS = 500;

/** What `haproxy -v` says first, where it is installed. */
export function haproxyVersion(): string | undefined {
  return /^HAProxy version [\d.]+/i.exec(spawnSync("haproxy", ["-v"], { encoding: "utf8" }).stdout ?? "")?.[0];
}

/** Returns what ends it. */
export async function startHaproxy(
  port: number,
  nodes: readonly number[],
  onExit: () => void,
): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), "statestream-haproxy-"));
  const file = join(dir, "haproxy.cfg");
  await writeFile(file, config(port, nodes));
  // -db: in the foreground.
  const child = spawn("haproxy", ["-db", "-q", "-f", file], { detached: true, stdio: ["ignore", "ignore", "inherit"] });
  child.once("exit", onExit);
  return async () => {
    child.off("exit", onExit);
    await end(child, GRACE_MS);
    await rm(dir, { recursive: true, force: true });
  };
}

function config(port: number, nodes: readonly number[]): string {
  // Times above the heartbeat's, or quiet streams would be cut. A node that is gone is found by the first request that it
  // refuses, which goes to another then. One that was cut off in the middle is not repeated here: it may have been heard;
  // and no on-marked-down shutdown-sessions, which cuts requests that have gone on to another node, too.
  return `
global
  maxconn 1000
defaults
  mode http
  timeout connect 200ms
  timeout check 2s
  timeout client 30s
  timeout server 30s
  retries 2
  option redispatch 1
frontend page
  bind ${HOST}:${port}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET /healthz
  default-server check inter 500ms fall 2 rise 1
${nodes.map((node) => `  server node-${node} ${HOST}:${node}`).join("\n")}
`;
}
