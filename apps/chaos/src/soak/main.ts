import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ClientsOrder, ClientsReport } from "./clients.ts";
import type { ServerOrder, ServerReport } from "./server.ts";

/** What the server's process may take, in MiB: 64 of pinned bytes, 8 of the log, 5 of state in several forms, and 2,000 connections. */
const MAX_RSS_MIB = 512;

/** How long honest clients have until they are current, after the last change. */
const CONVERGENCE_MS = 120_000;
/** How long connections of clients that have left may be open. */
const LEAVING_MS = 15_000;
const REPORT_MS = 10_000;

const USAGE = "pnpm soak [--minutes 30] [--clients 2000] [--seed N]";

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  options: {
    minutes: { type: "string", default: "30" },
    clients: { type: "string", default: "2000" },
    seed: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
if (!(minutes > 0) || !(Number(values.clients) > 0) || !Number.isInteger(seed)) {
  console.error(USAGE);
  process.exit(2);
}

const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024);
const failures: string[] = [];

async function answer<T>(child: ChildProcess, message: object | string): Promise<T> {
  const answered = once(child, "message");
  child.send(message);
  return (await answered)[0] as T;
}

function start(name: string, args: readonly string[]): ChildProcess {
  // In development, clients freeze every state and streams watch for mutations.
  const child = fork(new URL(`./${name}.js`, import.meta.url), args, {
    env: { ...process.env, NODE_ENV: "production" },
  });
  child.on("exit", (code) => {
    if (code === 0 || code === null) return;
    console.error(`soak: the process ${name} ended with status ${code}`);
    process.exit(1);
  });
  return child;
}

const server = start("server", [String(seed)]);
const { port } = ((await once(server, "message")) as [{ port: number }])[0];
const clients = start("clients", [String(port), values.clients, String(seed)]);
const ask = (order: ServerOrder): Promise<ServerReport> => answer(server, order);
const askClients = (order: ClientsOrder, { eventId, hash }: ServerReport): Promise<ClientsReport> =>
  answer(clients, { order, eventId, hash });

console.log(`soak: ${values.clients} clients, ${minutes} min, seed ${seed}; the server may take ${MAX_RSS_MIB} MiB`);
const startedAt = performance.now();
let peak = 0;
await ask("change");

/** Prints where the server is, and checks its memory. */
async function look(): Promise<ServerReport> {
  const report = await ask("report");
  const { rss, heapUsed, arrayBuffers, connections, bytesWritten, changes, closed } = report;
  peak = Math.max(peak, rss);
  const ends = Object.entries(closed).map(([reason, count]) => `${reason} ${count}`);
  console.log(
    `${Math.round((performance.now() - startedAt) / 1000)} s: rss ${mib(rss)} MiB (heap ${mib(heapUsed)}, buffers ${mib(arrayBuffers)}), ` +
      `${connections} connections, ${changes} changes, ${mib(bytesWritten)} MiB written; closed: ${ends.join(", ") || "none"}`,
  );
  return report;
}

while (performance.now() - startedAt < minutes * 60_000) {
  await delay(Math.min(REPORT_MS, minutes * 60_000));
  await look();
}

let last = await ask("end");
let result = await askClients("finish", last);
const missing = (): string[] =>
  Object.entries(result.honest).flatMap(([kind, { clients: all, current }]) =>
    current < all ? [`${all - current} of ${all} ${kind} clients`] : [],
  );
const endedAt = performance.now();
while (missing().length > 0 && performance.now() - endedAt < CONVERGENCE_MS) {
  await delay(500);
  result = await askClients("report", last);
}
console.log(`honest clients current after ${((performance.now() - endedAt) / 1000).toFixed(1)} s:`, result.honest);
for (const what of missing()) failures.push(`${what} are not current after ${CONVERGENCE_MS / 1000} s`);
if (result.faults.length > 0) failures.push(`clients of the library: ${result.faults.slice(0, 5).join("; ")}`);
if (last.errors > 0) failures.push(`the stream survived ${last.errors} errors`);

await askClients("leave", last);
const leftAt = performance.now();
do {
  await delay(500);
  last = await ask("report");
} while (last.connections > 0 && performance.now() - leftAt < LEAVING_MS);
if (last.connections > 0) failures.push(`${last.connections} connections are open of clients that have left`);
await look();
if (mib(peak) > MAX_RSS_MIB) failures.push(`the server took ${mib(peak)} MiB`);

console.log(`soak: ${last.changes} changes, at most ${mib(peak)} MiB; snapshots`, last.snapshots);
console.log(`soak: fast clients were cut off ${result.cuts} times; the clients' process has ${mib(result.rss)} MiB`);
for (const failure of failures) console.error(`FAILED: ${failure}`);
server.disconnect();
clients.disconnect();
process.exitCode = failures.length > 0 ? 1 : 0;
