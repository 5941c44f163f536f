import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";

const stream = createStateStream({ initialState: { count: 0 }, heartbeatMs: 250 });

/** A stream of a module, which is what a Worker cannot have: see `plain-worker.ts` of the check. */
export default {
  fetch: (request: Request): Response => streamState(request, stream),
};
