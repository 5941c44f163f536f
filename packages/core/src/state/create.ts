import { type Clock, systemClock } from "../support/clock.ts";
import { StateStreamError } from "../support/errors.ts";
import { settingsOf, type StateStreamOptions } from "./options.ts";
import type { Entry, Log } from "../log/log.ts";
import { Publisher } from "./publisher.ts";
import type { StateSource } from "./source.ts";
import { SourceFeed } from "./source-feed.ts";
import { BaseStateStream, type StateStream } from "./state-stream.ts";
import { OwnState, type WritableStateStream } from "./writable-stream.ts";

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
    makeStream(clock, options).stream as unknown as WritableStateStream<S>;
}

/** How a stream takes part in the replication of its log. */
export interface ReplicationHooks {
  /** Called before anything is published. */
  readonly begin: (log: Log) => void;
  /** Called inside each change with the events it appended. */
  readonly onCommit: (events: readonly Entry[]) => void;
}

/** A stream of this process's own changes, and what is needed to continue another log with it. */
export interface MadeStream<S extends object> {
  readonly stream: BaseStateStream<S>;
  /** Runs `first` between two changes, then publishes every slice that differs from the logged state. */
  readonly republish: (first: () => void) => void;
}

export function makeStream<S extends object>(
  clock: Clock,
  options: OwnStateOptions<S> | SourceOptions<S>,
  hooks?: ReplicationHooks,
): MadeStream<S> {
  const source = "source" in options ? options.source : undefined;
  if (source !== undefined && (typeof source.getState !== "function" || typeof source.subscribe !== "function")) {
    throw new StateStreamError("invalid-option", "The option source must have getState and subscribe.");
  }
  if (source === undefined && !("initialState" in options)) {
    throw new StateStreamError("invalid-option", "createStateStream needs initialState, or source.");
  }
  const stream = new BaseStateStream(clock, settingsOf(options, source?.snapshots));
  hooks?.begin(stream.log);
  const publisher = new Publisher(stream, hooks?.onCommit);
  if (source !== undefined) {
    const feed = new SourceFeed(stream, publisher, source);
    return { stream, republish: (first) => feed.republish(first) };
  }
  const own = new OwnState(stream, publisher, (options as OwnStateOptions<S>).initialState);
  own.addMethodsTo(stream);
  return { stream, republish: (first) => own.republish(first) };
}

export const createStateStream: CreateStateStream = creatorWith(systemClock);
