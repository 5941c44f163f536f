import type { StateStreamError } from "../../src/support/errors.ts";
import type { StateStreamOptions } from "../../src/state/options.ts";
import type { StateChange } from "../../src/state/source.ts";
import type { StateStream } from "../../src/state/stream.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { eventsOf, updatesOf } from "./read.ts";

export type State = Record<string, unknown>;

/** A stream that one client follows, which has received the first state. */
function followed<Stream extends StateStream>(stream: Stream) {
  const connection = stream.connect({ append: true });
  eventsOf(connection);
  return { stream, updates: () => updatesOf(connection) };
}

/** A source controlled by the test, streamed to one client. */
export function follow(initial: State, options: StateStreamOptions<State> = {}) {
  let state: unknown = initial;
  let failure: Error | undefined;
  let listener: (change?: StateChange) => void = () => undefined;
  const errors: StateStreamError[] = [];
  const source = {
    getState: (): State => {
      if (failure !== undefined) throw failure;
      return state as State;
    },
    subscribe: (fn: (change?: StateChange) => void) => {
      listener = fn;
      return () => undefined;
    },
  };
  const stream = createTestClock().createStateStream({ source, onError: (error) => errors.push(error), ...options });
  const become = (next: unknown, change?: StateChange): void => {
    state = next;
    listener(change);
  };
  return {
    ...followed(stream),
    errors,
    codes: () => errors.map(({ code }) => code),
    /** Its state is now this, and it says so. */
    become,
    /** Some of its slices are now these, and it says so. */
    change: (next: State, change?: StateChange): void => become({ ...(state as State), ...next }, change),
    /** From now on its state cannot be had, or can. */
    fail: (error: Error | undefined): void => {
      failure = error;
    },
  };
}

/** A stream of its own state, with one client. */
export function own(initialState: State, options: StateStreamOptions<State> = {}) {
  const errors: StateStreamError[] = [];
  const stream = createTestClock().createStateStream({
    initialState,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { ...followed(stream), codes: () => errors.map(({ code }) => code) };
}
