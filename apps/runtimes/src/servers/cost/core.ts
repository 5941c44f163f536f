import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";
import type { Handler } from "../handler.ts";
import { createTicks } from "./ticks.ts";

/** The stream is made here and not by the module, because a Worker's timers must belong to its Durable Object. */
export class Streams {
  readonly fetch: Handler;

  constructor() {
    // As many digits in every frame.
    const stream = createStateStream({ initialState: { count: 1_000_000, title: "cost" } });
    this.fetch = createTicks({
      connect: (request) => streamState(request, stream),
      tick: () => stream.set("count", stream.state.count + 1),
    });
  }
}

export { default } from "../durable-object.ts";
