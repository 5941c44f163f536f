import { type Clock, systemClock } from "../support/clock.ts";
import { invalidOption } from "../support/errors.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { rateOption, settingsOf, STREAM_OPTIONS, type StateStreamOptions } from "./options.ts";
import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { Publisher } from "./publisher.ts";
import type { StateSource } from "./source.ts";
import { SourceFeed } from "./source-feed.ts";
import { BaseStateStream } from "./state-stream.ts";
import type { StateStream } from "./stream.ts";
import { OwnState } from "./own-state.ts";
import type { WritableStateStream } from "./writable-stream.ts";

/** Options of a stream that owns its state. */
export interface OwnStateOptions<S extends object> extends StateStreamOptions<S> {
  /** The first state: a plain object, one member per slice. */
  initialState: S;
}

/** Options of a stream over a state that lives elsewhere. */
export interface SourceOptions<S extends object> extends StateStreamOptions<S> {
  /** Where the state comes from: anything with `getState` and `subscribe`, such as a Redux or Zustand store. */
  source: StateSource<S>;
  /**
   * For a source that changes more often than clients need: it is compared and committed at most so often a second, its
   * first change at once and its last one always, also before the stream closes. Rounded down to 0.5, 1, 2, 5, 10, 20 or 50;
   * above 1,000 and below 0.5 throw. Changes that are committed together have no cause. Default: at each notification.
   */
  maxRateHz?: number;
}

/** The type of `createStateStream`. */
export interface CreateStateStream {
  /**
   * Makes a stream that owns its state, changed by `set`, `patch`, `append`, `remove` and `batch`.
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

const OPTIONS: readonly string[] = ["initialState", "source", "maxRateHz", ...STREAM_OPTIONS];

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
  checkOptions(options);
  const source = "source" in options ? options.source : undefined;
  const rateHz = rateOption("maxRateHz" in options ? options.maxRateHz : undefined);
  const stream = new BaseStateStream(clock, settingsOf(options, source?.snapshots));
  hooks?.begin(stream.log);
  const publisher = new Publisher(stream, hooks?.onCommit);
  if (source !== undefined) {
    const feed = new SourceFeed(stream, publisher, source, rateHz);
    return { stream, republish: (first) => feed.republish(first) };
  }
  const own = new OwnState(stream, publisher, (options as OwnStateOptions<S>).initialState);
  own.addMethodsTo(stream);
  return { stream, republish: (first) => own.republish(first) };
}

/** @throws {StateStreamError} `invalid-option` */
function checkOptions(options: object): void {
  checkOptionNames("createStateStream", options, OPTIONS);
  const { source, initialState, maxRateHz } = options as {
    source?: unknown;
    initialState?: unknown;
    maxRateHz?: unknown;
  };
  if (source === undefined && maxRateHz !== undefined) {
    throw invalidOption(
      "The option maxRateHz of createStateStream is for a source. For clients, give it to connect or streamState.",
    );
  }
  if (source === undefined) {
    // Without the member there is nothing that `invalid-state` could be about.
    if (Object.hasOwn(options, "initialState")) return;
    throw invalidOption(
      "createStateStream needs the option initialState, for a stream that owns its state, or source, for a store.",
    );
  }
  if (initialState !== undefined) {
    throw invalidOption(
      "createStateStream was given source and initialState. The first state of a source is its getState(): leave out initialState.",
    );
  }
  const { getState, subscribe } = Object(source) as Partial<StateSource>;
  if (typeof getState === "function" && typeof subscribe === "function") return;
  throw invalidOption(
    "The option source must have the methods getState and subscribe, as Redux and Zustand stores have.",
  );
}

export const createStateStream: CreateStateStream = creatorWith(systemClock);
