import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, isRunning } from "./child.ts";
import { freePort, HOST } from "./ports.ts";
import { until } from "./until.ts";

const GRACE_MS = 500;
const START_MS = 5000;

/** A Redis of the cluster's own, in memory: what is killed has forgotten everything when it is started again. */
export interface RedisServer {
  readonly url: string;
  start(): void;
  kill(): void;
  close(): Promise<void>;
}

export function isRedisInstalled(): boolean {
  return spawnSync("redis-server", ["--version"]).error === undefined;
}

/** `onChange` is called when it is up, and when it is gone. */
export async function startRedis(onChange: (isUp: boolean) => void): Promise<RedisServer> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), "statestream-demo-"));
  const options = { port, bind: HOST, save: "", appendonly: "no", dir };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let child: ChildProcess | undefined;

  const start = (): void => {
    if (child !== undefined && isRunning(child)) return;
    // A process group of its own: Ctrl-C is for the parent, who ends the nodes first.
    child = spawn("redis-server", args, { detached: true, stdio: "ignore" });
    child.once("spawn", () => onChange(true));
    child.once("exit", () => onChange(false));
  };

  const close = async (): Promise<void> => {
    if (child !== undefined) await end(child, GRACE_MS);
    await rm(dir, { recursive: true, force: true });
  };

  start();
  try {
    await until("Redis listens", () => accepts(port), START_MS);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `redis://${HOST}:${port}`,
    start,
    kill: () => void child?.kill("SIGKILL"),
    close,
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
