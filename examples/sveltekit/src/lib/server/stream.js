import { createStateStream } from "@statestream/core";

const create = () => createStateStream({ initialState: { count: 0 } });

/** In development this module is loaded again after an edit, and the stream must stay. */
export const stream = (globalThis.counter ??= create());

// Open streams would keep the server of adapter-node from closing.
process.once("SIGINT", () => void stream.close({ reason: "draining" }));
process.once("SIGTERM", () => void stream.close({ reason: "draining" }));
