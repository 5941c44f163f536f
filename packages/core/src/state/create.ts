import { type Clock, systemClock } from "../support/clock.ts";
import { StateStreamError } from "../support/errors.ts";
import { settingsOf, type StateStreamOptions } from "./options.ts";
import type { Continuation, PublishedStateStream } from "./published-stream.ts";
import type { StateSource } from "./source.ts";
import { SourceStateStream } from "./source-stream.ts";
import type { StateStream } from "./state-stream.ts";
import { OwnStateStream, type WritableStateStream } from "./writable-stream.ts";

/** Options of a stream that owns its state. */
export interface OwnStateOptions<S extends object> extends StateStreamOptions<S> {
  /** The first state: a plain object, one member per slice. */
  initialState: S;
}

/** Options of a stream over somebody else's state. */
export interface SourceOptions<S extends object> extends StateStreamOptions<S> {
  /** Where the state comes from: anything with `getState` and `subscribe`, such as a Redux or Zustand store. */
  source: StateSource<S>;
}

/** The type of `createStateStream`. */
export interface CreateStateStream {
  /**
   * Makes a stream that owns its state, changed by `set`, `patch`, `remove` and `batch`.
   *
   * @example
   * const counter = createStateStream({ initialState: { count: 0 } });
   * counter.set("count", (count) => count + 1);
   *
   * @throws {StateStreamError} `invalid-option`, `invalid-state`, `not-serializable`, `slices-failed`
   */
  <S extends object>(options: OwnStateOptions<S>): WritableStateStream<S>;
  /**
   * Makes a stream over a state that lives elsewhere.
   *
   * @example
   * const stream = createStateStream({ source: reduxStore, slices: ["todos"] });
   *
   * @throws {StateStreamError} `invalid-option`
   */
  <S extends object>(options: SourceOptions<S>): StateStream<S>;
}

export function creatorWith(clock: Clock): CreateStateStream {
  // The overloads promise the writable methods only to those who gave an initial state.
  return <S extends object>(options: OwnStateOptions<S> | SourceOptions<S>) =>
    makeStream(clock, options) as unknown as WritableStateStream<S>;
}

export function makeStream<S extends object>(
  clock: Clock,
  options: OwnStateOptions<S> | SourceOptions<S>,
  continuation?: Continuation,
): PublishedStateStream<S> {
  if ("source" in options && options.source !== undefined) {
    const { source } = options;
    if (typeof source.getState !== "function" || typeof source.subscribe !== "function") {
      throw new StateStreamError("invalid-option", "The option source must have getState and subscribe.");
    }
    return new SourceStateStream(clock, settingsOf(options, source.snapshots), source, continuation);
  }
  if (!("initialState" in options)) {
    throw new StateStreamError("invalid-option", "createStateStream needs initialState, or source.");
  }
  return new OwnStateStream(clock, settingsOf(options, undefined), options.initialState, continuation);
}

export const createStateStream: CreateStateStream = creatorWith(systemClock);
