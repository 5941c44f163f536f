import type { ContenderOptions, Framework, Groups } from "../servers/contender.ts";
import type { Entry } from "./measure.ts";
import { nchanVersion, startNchan } from "./nchan.ts";
import { startNodeSubject } from "./subject.ts";

function node(
  name: string,
  module: string,
  options: ContenderOptions,
  more: Omit<Entry, "name" | "start"> = {},
): Entry {
  return { name, start: (kilobytes) => startNodeSubject(module, kilobytes, options), ...more };
}

interface Ours {
  readonly socket: (framework: Framework) => Entry;
  readonly groups: (name: string, groups: Groups) => Entry;
  readonly write: (framework: Framework) => Entry;
  readonly web: Entry;
  readonly cloned: Entry;
}

interface Bare {
  readonly socket: Entry;
  readonly write: (framework: Framework) => Entry;
  readonly web: Entry;
}

export const ours: Ours = {
  socket: (framework) => node(`ours on ${framework}`, "./ours.js", { framework }),
  groups: (name, groups) => node(name, "./ours.js", { groups }),
  write: (framework) =>
    node(`ours on ${framework}, write`, "./ours.js", { framework, path: "write" }, { forced: true }),
  web: node("ours on hono, web stream", "./ours.js", { framework: "hono", path: "web" }, { forced: true }),
  cloned: node("ours on hono, cloned states", "./ours.js", { framework: "hono" }, { cloned: true }),
};

export const bare: Bare = {
  socket: node("bare socket loop", "./bare.js", { path: "socket" }),
  write: (framework) => node(`bare write loop on ${framework}`, "./bare.js", { framework }),
  web: node("bare ReadableStream on hono", "./bare.js", { framework: "hono", path: "web" }),
};

/** A naive route takes minutes for what others do in a second. */
const NAIVE = { changes: 3 };

export const peers: Readonly<Record<"betterSse" | "fastifySse" | "streamSse" | "naive" | "naiveCloned", Entry>> = {
  betterSse: node("better-sse", "./peers.js", { kind: "better-sse" }),
  fastifySse: node("@fastify/sse", "./peers.js", { kind: "fastify-sse" }),
  streamSse: node("hono streamSSE per connection", "./peers.js", { kind: "hono-stream-sse" }),
  naive: node("naive route, shared states", "./peers.js", { kind: "naive" }, NAIVE),
  naiveCloned: node("naive route, cloned states", "./peers.js", { kind: "naive" }, { ...NAIVE, cloned: true }),
};

/** An entry, or why there is none. */
export const nchan: Entry | undefined =
  nchanVersion() === undefined ? undefined : { name: "nginx + nchan", start: startNchan };
