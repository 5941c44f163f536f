import { structuralCompare } from "../../src/diff/structural-differ.ts";
import type { StateStreamOptions, WritableStateStream } from "../../src/index.ts";
import { settingsOf } from "../../src/state/options.ts";
import { OwnState } from "../../src/state/own-state.ts";
import { Publisher } from "../../src/state/publisher.ts";
import { BaseStateStream } from "../../src/state/state-stream.ts";
import { createTestClock } from "../../src/state/testing.ts";
import type { Setup, Slices } from "./streams.ts";

/** A stream whose log has text that grew as an `append`. */
export function growing(initialState: Slices, options: StateStreamOptions<Slices> = {}): Setup {
  const clock = createTestClock();
  const compare = structuralCompare({ rowIds: ["id"], appends: true });
  const stream = new BaseStateStream<Slices>(clock.clock, { ...settingsOf(options, undefined), compare });
  new OwnState(stream, new Publisher(stream), initialState).addMethodsTo(stream);
  return { clock, stream: stream as unknown as WritableStateStream<Slices> };
}
