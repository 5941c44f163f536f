import { listen, type Mount } from "@statestream/conformance";
import type { CreateStateStream, StateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";

/** A server that is broken on purpose. */
export interface Broken {
  /** What it does wrong. */
  readonly name: string;
  readonly mount?: Mount;
  readonly create?: CreateStateStream;
  /** The cases that must catch it. */
  readonly caughtBy: readonly string[];
}

export const rightMount: Mount = (stream, options) =>
  listen((req, res) => void writeStateStream(req, res, stream, options));

/** A right adapter over a stream that was broken between the two. */
export function mountOver(change: (stream: StateStream) => StateStream): Mount {
  return (stream, options) => rightMount(change(stream), options);
}
