import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** Ends a process, by force if it is still there after a while; resolves when it is gone. */
export async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (!isRunning(child)) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await exit;
  clearTimeout(timer);
}
