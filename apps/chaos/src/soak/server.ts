import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { randomFrom } from "../random.ts";
import { hashOf } from "../state.ts";
import { change, CHANGES_AT_ONCE, CHANGES_PER_SECOND, initialState } from "./load.ts";

// The server of the soak, a process of its own: `node server.js <seed>`.

export type ServerOrder = "report" | "change" | "end";

export interface ServerReport {
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  readonly connections: number;
  readonly closed: Readonly<Record<string, number>>;
  readonly snapshots: Readonly<Record<string, number>>;
  readonly bytesWritten: number;
  readonly changes: number;
  readonly eventId: string;
  /** Once the changes have ended. */
  readonly hash: string | undefined;
  /** Errors that the stream survived. */
  readonly errors: number;
}

const random = randomFrom(Number(process.argv[2]));
const stream = createStateStream({ initialState: initialState() });
const server = createServer((req, res) => void writeStateStream(req, res, stream));
server.listen(0, "127.0.0.1", 4096, () => process.send?.({ port: (server.address() as AddressInfo).port }));

let changes = 0;
let due = 0;
let hash: string | undefined;
let timer: NodeJS.Timeout | undefined;

function start(): void {
  const startedAt = performance.now();
  timer = setInterval(
    () => {
      // A busy machine is late; the changes are made all the same, but not all of a long pause at once.
      due = Math.min(((performance.now() - startedAt) / 1000) * CHANGES_PER_SECOND - changes, 10 * CHANGES_AT_ONCE);
      for (; due >= 1; due--) {
        change(stream, random);
        changes++;
      }
    },
    (1000 * CHANGES_AT_ONCE) / CHANGES_PER_SECOND,
  );
}

/** The last change is in every selection that has to be current. */
function end(): void {
  clearInterval(timer);
  stream.set("end", 1);
  hash = hashOf(stream.state);
}

function report(): ServerReport {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { connections, closed, snapshots, bytesWritten, eventId, errors } = stream.stats();
  return { rss, heapUsed, arrayBuffers, connections, closed, snapshots, bytesWritten, changes, eventId, hash, errors };
}

process.on("message", (order: ServerOrder) => {
  if (order === "change") start();
  if (order === "end") end();
  process.send?.(report());
});
process.on("disconnect", () => process.exit(0));
