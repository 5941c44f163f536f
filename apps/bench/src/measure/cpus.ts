import { spawnSync } from "node:child_process";
import { cpus } from "node:os";

/** The core that servers under measurement have for themselves, and the one of all that loads them. */
export const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** Keeps a process and its threads on a core, where there is more than one and Linux's taskset; says whether it could. */
export function pin(pid: number, core: number): boolean {
  if (cpus().length < 2) return false;
  const { status } = spawnSync("taskset", ["-a", "-c", "-p", String(core), String(pid)], { stdio: "ignore" });
  return status === 0;
}

/** Keeps this process, the load, away from the servers. */
export function pinLoad(): boolean {
  return pin(process.pid, LOAD_CORE);
}
