import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { end, isRunning } from "../../src/cluster/child.ts";

/** A process that has said that its script runs. */
async function startChild(script: string): Promise<ReturnType<typeof spawn>> {
  const child = spawn(process.execPath, ["-e", `${script}; setInterval(() => {}, 1000); console.log("runs")`]);
  await once(child.stdout, "data");
  return child;
}

test("ends a process in order", async () => {
  const child = await startChild('process.on("SIGTERM", () => process.exit(7))');
  expect(isRunning(child)).toBe(true);
  await end(child, 60_000);
  expect(isRunning(child)).toBe(false);
  expect(child.exitCode).toBe(7);
  await end(child, 60_000);
});

test("ends one that will not by force", async () => {
  const child = await startChild('process.on("SIGTERM", () => {})');
  await end(child, 50);
  expect(child.signalCode).toBe("SIGKILL");
});
