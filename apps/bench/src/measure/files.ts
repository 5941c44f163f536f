import { spawnSync } from "node:child_process";

/** What a process has open beside its connections. */
const RESERVED = 200;

/**
 * How many connections one process can hold: its limit of open files. Node raises that as far as the system lets it
 * (`ulimit -Hn`). One address is enough: a server's port has 28,000 ports of the client's to be connected to.
 */
export function maxConnections(): number {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" });
  return (stdout.startsWith("unlimited") ? Number.POSITIVE_INFINITY : Number(stdout)) - RESERVED;
}
