import { createStateClient } from "@statestream/client";
import { randomFrom, type Random } from "../random.ts";
import { hashOf } from "../state.ts";
import { TABLES, tableName, type SoakState } from "./load.ts";
import { type Habit, Visitor } from "./visitor.ts";

// The clients of the soak, a process of their own: `node clients.js <port> <clients> <seed>`.

export type ClientsOrder = "report" | "finish" | "leave";

export interface ClientsReport {
  /** Honest clients, and how many of them have the state of the last position, by kind. */
  readonly honest: Readonly<Record<string, { readonly clients: number; readonly current: number }>>;
  /** How often the server ended the connection of an honest client that reads as fast as it can. */
  readonly cuts: number;
  /** What clients of the library reported, apart from lost connections. */
  readonly faults: readonly string[];
  readonly rss: number;
}

/** Clients come within this time, in milliseconds. */
const RAMP_MS = 60_000;
/** Clients of the library: each keeps the whole state. */
const LIBRARY_CLIENTS = 20;

const [port = "", count = "", seed = ""] = process.argv.slice(2);
const random = randomFrom(Number(seed));
let eventId = "";
let hash: string | undefined;

const all = (): string => "/events";
const resume = (ids: readonly string[]): string | undefined => ids.at(-1);
const forever = (): number => Infinity;

/** Some tables, the slice of the last change, and a name that nobody else asks for. */
const ownSelection = (random: Random): string =>
  `/events?slices=end&slices=none-${random.below(1e9)}&slices=${tableName(random.below(TABLES))}&slices=${tableName(random.below(TABLES))}`;

const habits = {
  fast: { path: all, bytesPerSecond: Infinity, pipelined: 1, stayMs: forever, lastEventId: resume },
  slow: { path: all, bytesPerSecond: 50_000, pipelined: 1, stayMs: forever, lastEventId: resume },
  stalled: {
    path: (from) => (from.below(2) === 0 ? "/events" : ownSelection(from)),
    bytesPerSecond: 0,
    pipelined: 1,
    stayMs: (from) => from.between(20_000, 120_000),
    lastEventId: () => undefined,
  },
  pipelined: {
    path: ownSelection,
    bytesPerSecond: Infinity,
    pipelined: 5,
    stayMs: (from) => from.between(500, 10_000),
    lastEventId: () => undefined,
  },
  revisiting: {
    path: ownSelection,
    bytesPerSecond: Infinity,
    pipelined: 1,
    stayMs: (from) => from.between(1000, 15_000),
    lastEventId: (ids, from) => (from.below(3) === 0 || ids.length === 0 ? "oldoldoldol.1" : from.pick(ids)),
  },
} satisfies Record<string, Habit>;

/** Half read as they should; the other half are of the four other kinds. */
function visitors(kind: keyof typeof habits, share: number): Visitor[] {
  const length = Math.round(Number(count) * share);
  return Array.from({ length }, (_, n) => {
    const own = random.fork(`${kind} ${n}`);
    return new Visitor(Number(port), habits[kind], own, own.below(RAMP_MS));
  });
}

const fast = visitors("fast", 1 / 2);
const slow = visitors("slow", 1 / 8);
const others = [...visitors("stalled", 1 / 8), ...visitors("pipelined", 1 / 8), ...visitors("revisiting", 1 / 8)];

const faults: string[] = [];
const library = Array.from({ length: LIBRARY_CLIENTS }, () =>
  createStateClient<SoakState>(`http://127.0.0.1:${port}/events`, {
    onError: ({ code, message }) => {
      if (code !== "network" && code !== "timeout") faults.push(`${code}: ${message}`);
    },
  }),
);

const isCurrent = ({ lastId }: Visitor): boolean => lastId === eventId;

/** Clients of the library that were found to have the state of the last position: hashing 5 MB takes a while. */
const verified = new Set<object>();

function verify(): void {
  const candidate = library.find((client) => !verified.has(client) && client.getStatus().eventId === eventId);
  if (candidate !== undefined && hashOf(candidate.getState()) === hash) verified.add(candidate);
}

function report(): ClientsReport {
  if (hash !== undefined) verify();
  return {
    honest: {
      fast: { clients: fast.length, current: fast.filter(isCurrent).length },
      slow: { clients: slow.length, current: slow.filter(isCurrent).length },
      library: {
        clients: library.length,
        current: verified.size,
      },
    },
    cuts: fast.reduce((sum, { cuts }) => sum + cuts, 0),
    faults,
    rss: process.memoryUsage.rss(),
  };
}

process.on("message", (message: { order: ClientsOrder; eventId: string; hash: string | undefined }) => {
  ({ eventId, hash } = message);
  if (message.order === "finish") {
    for (const visitor of others) visitor.leave();
    for (const visitor of slow) visitor.hurry();
  }
  if (message.order === "leave") {
    for (const visitor of [...fast, ...slow]) visitor.leave();
    for (const client of library) client.close();
  }
  process.send?.(report());
});
process.on("disconnect", () => process.exit(0));
