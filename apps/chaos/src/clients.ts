import { watchLag } from "./lag.ts";
import type { Log } from "./log.ts";
import { openLog } from "./log.ts";
import { LibraryClient } from "./library-client.ts";
import { RawClient } from "./raw-client.ts";
import { randomFrom } from "./random.ts";

// Every client of a run, in a process of its own: `node clients.js <dir> <url> <count> <seed>`.

export type ClientsOrder =
  /** Everybody drops the connection at once. */
  | { readonly do: "storm" }
  /** One more client for a while, that reads a kilobyte a second. */
  | { readonly do: "slow"; readonly ms: number }
  /** Nobody hops any more. */
  | { readonly do: "settle" }
  | { readonly do: "report" };

/** Where a client is. */
export interface ClientReport {
  readonly name: string;
  readonly eventId: string | undefined;
  readonly hash: string | undefined;
}

/** A client that the rig can make drop its connection; it comes back by itself. */
export interface ChaosClient {
  drop(): void;
  report(): ClientReport;
}

const [dir = "", url = "", count = "", seed = ""] = process.argv.slice(2);
const log: Log = openLog(dir, "clients", { atOnce: false });
const random = randomFrom(Number(seed)).fork("clients");
const clients: ChaosClient[] = [];
let hopping = true;
let slowOnes = 0;

function start(index: number): void {
  // One in five is written against PROTOCOL.md alone.
  const raw = index % 5 === 4;
  const client = raw ? new RawClient(`raw-${index}`, url, log) : new LibraryClient(`client-${index}`, url, log);
  clients.push(client);
  // Every other one stays where it is for as long as it can.
  if (index % 2 === 0) hop(client);
}

function hop(client: ChaosClient): void {
  setTimeout(
    () => {
      if (!hopping) return;
      client.drop();
      hop(client);
    },
    random.between(2000, 8000),
  );
}

function obey(order: ClientsOrder): ClientReport[] | undefined {
  if (order.do === "report") return clients.map((client) => client.report());
  if (order.do === "storm") for (const client of clients) client.drop();
  if (order.do === "slow") {
    const client = new RawClient(`slow-${++slowOnes}`, url, log, { bytesPerSecond: 1024 });
    setTimeout(() => (client.bytesPerSecond = Infinity), order.ms);
    // Until the end, so that it is seen to catch up.
    clients.push(client);
  }
  if (order.do === "settle") hopping = false;
  return undefined;
}

for (let index = 0; index < Number(count); index++) start(index);
watchLag(log);

process.on("message", ({ call, order }: { call: number; order: ClientsOrder }) => {
  process.send?.({ call, value: obey(order) });
});
const end = (): void => {
  log.close();
  process.exit(0);
};
process.on("disconnect", end);
process.on("SIGTERM", end);
