import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { isRunning } from "../../src/cluster/child.ts";
import type { ClusterStatus } from "../../src/cluster/status.ts";
import { HAS_REDIS, WITHOUT_REDIS } from "../support/cluster.ts";

const MAIN = fileURLToPath(new URL("../../dist/cluster/main.js", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  onTestFinished(async () => {
    if (!isRunning(child)) return;
    const exit = once(child, "close");
    child.kill("SIGINT");
    await exit;
  });
  return { child, output: () => output };
}

function accepts(port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("says in one line what to install", async () => {
  const { child, output } = run([], { PATH: "" });
  expect(await once(child, "close")).toEqual([1, null]);
  expect(output()).toMatch(/^pnpm demo:cluster needs redis-server.*\n$/);
});

test("says in one line what it does not know", async () => {
  const { child, output } = run(["--nodes", "4"]);
  expect(await once(child, "close")).toEqual([1, null]);
  expect(output()).toBe("Unknown option --nodes. Usage: pnpm demo:cluster [--port 3000]\n");
});

describe.skipIf(!HAS_REDIS)(`the command${WITHOUT_REDIS}`, { timeout: 60_000 }, () => {
  test("leaves nothing behind after Ctrl-C", async () => {
    const { child, output } = run(["--port", "0"]);
    await expect.poll(output, { timeout: 30_000 }).toContain("curl");
    const url = /nodes: (\S+)/.exec(output())?.[1];
    const { nodes } = (await (await fetch(`${url}/api/cluster`)).json()) as ClusterStatus;
    const pids = nodes.map(({ pid }) => pid as number);
    const ports = [...output().matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port as string);
    expect(new Set(ports).size).toBe(5);
    expect(await Promise.all(ports.map(accepts))).not.toContain(false);

    const exit = once(child, "close");
    child.kill("SIGINT");
    // Somebody impatient.
    child.kill("SIGINT");
    expect(await exit).toEqual([0, null]);
    expect(pids.filter(exists)).toEqual([]);
    expect(await Promise.all(ports.map(accepts))).not.toContain(true);
  });

  test("leaves nothing behind after Ctrl-C while it starts", async () => {
    const { child, output } = run(["--port", "0"]);
    await expect.poll(output, { timeout: 30_000, interval: 5 }).toContain("Redis:");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([0, null]);
    const ports = [...output().matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port as string);
    expect(await Promise.all(ports.map(accepts))).not.toContain(true);
  });
});
