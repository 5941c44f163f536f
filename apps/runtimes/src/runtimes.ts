import { fileURLToPath } from "node:url";
import { programOf, type Running, start } from "./run.ts";
import { startWorker } from "./workerd.ts";

export interface Runtime {
  /** As on the command line. */
  readonly id: string;
  /** As in the README. */
  readonly title: string;
  readonly adapters: readonly Adapter[];
  /** Cases that its adapters cannot meet. That they still fail is checked. */
  readonly fails: Exceptions;
  /** Heartbeats of streams whose case does not set them. Default: core's. */
  readonly heartbeatMs?: number;
  start(): Promise<Running>;
}

/** By the ID of the case, the reason. */
export type Exceptions = Readonly<Record<string, string>>;

export type Adapter = "fetch" | "hono" | "express" | "koa" | "fastify" | "node";

export const BUN = "bun@1.4.5";
export const DENO = "deno@2.9.6";

const server = (name: string): string => fileURLToPath(new URL(`servers/${name}.js`, import.meta.url));

const noCut = "the body of a Response can only end or fail, and a runtime reports a body that fails as an error";
const noCutFails: Exceptions = { "stalled-cut": noCut, "end-stalled-cut": noCut, "revoked-mid-event": noCut };
const web = ["fetch", "hono"] as const;

const nodeLine = (line: string): Runtime => ({
  id: `node${line}`,
  title: `Node ${line}`,
  adapters: ["node", "express", "koa", "fastify", "hono", "fetch"],
  fails: {},
  start: async () => start(programOf(`node@${line}`, "node"), server("node")),
});

export const runtimes: readonly Runtime[] = [
  ...["20", "22", "24", "26"].map(nodeLine),
  {
    id: "bun",
    title: "Bun",
    adapters: web,
    fails: {
      ...noCutFails,
      "leave-pipelined": "it closes a connection on which a second request comes before the first response has ended",
    },
    start: async () => start(programOf(BUN, "bun"), server("bun")),
  },
  {
    id: "deno",
    title: "Deno",
    adapters: web,
    fails: noCutFails,
    start: async () =>
      start(programOf(DENO, "deno"), "run", "--allow-net", "--allow-env", "--allow-read", server("deno")),
  },
  {
    id: "workerd",
    title: "Durable Object",
    adapters: web,
    fails: noCutFails,
    // workerd reports a client that has left only when something is written to it.
    heartbeatMs: 700,
    start: () => startWorker("worker"),
  },
];

/** Cases that one adapter on a runtime cannot meet. */
export function exceptionsOf({ id, fails }: Runtime, adapter: Adapter): Exceptions {
  return id.startsWith("node") && adapter === "fetch" ? noCutFails : fails;
}
