import { createStateStream, type StateOf, type StateSnapshot } from "@statestream/core";

function create() {
  const created = createStateStream({ initialState: { count: 0, audit: ["for the server only"] } });
  // Open streams would keep the server from closing.
  process.once("SIGINT", () => void created.close({ reason: "draining" }));
  process.once("SIGTERM", () => void created.close({ reason: "draining" }));
  return created;
}

// Next.js may bundle pages and route handlers apart, each with its own copy of this module: the stream is kept on `globalThis`.
const kept = globalThis as { counter?: ReturnType<typeof create> };
export const stream = (kept.counter ??= create());

/** What visitors may see: the same for the page and for `/events`, so that the page's client can resume. */
export const slices = ["count"] as const;
export type Shown = Partial<StateOf<typeof stream>>;
export type Initial = StateSnapshot<Shown>;
