import type { Connection, Ending } from "../delivery/connection.ts";
import type { Cause } from "../protocol/events.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import { StateStreamError } from "../support/errors.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { warnOnce } from "../support/warn.ts";
import { checkAmount, type Settings, settingsOf, STREAM_OPTIONS, type StateStreamOptions } from "./options.ts";
import { SharedDifferences } from "./shared-differences.ts";
import type { StateStream } from "./stream.ts";
import type { ViewedStream } from "./viewed-stream.ts";
import { ViewRegistry } from "./view-registry.ts";

/**
 * Options of views: their bounds, and those of every stream, which apply to each view. Other defaults than a stream's:
 * `cause` passes on what the parent's option `cause` gave, `maxLogEvents` is 100 and `maxLogBytes` 64 KiB, since a view
 * rarely replays events. `maxPinnedBytes` is for all views together.
 */
export interface StateViewsOptions<View extends object> extends StateStreamOptions<View> {
  /**
   * How many views are kept. One more takes the place of the view that has been without connections for longest; where
   * each has some, its connections get `state.end` with `overloaded`. Default 1,000.
   */
  maxViews?: number;
  /** Milliseconds after which a view without connections is dropped. Default 60,000. */
  idleMs?: number;
}

/** The views of a stream, by key. */
export interface StateViews<View extends object> {
  /**
   * The view of this key: a stream like any other. Never throws: where there are too many views, connections to it get
   * `state.end` with `overloaded`. A view that was dropped begins anew when it is used again; its clients get a snapshot.
   */
  get(key: string): StateStream<View>;
  /** How many views are kept. */
  readonly size: number;
  /** The open connections of all views at this moment. */
  readonly connections: Iterable<Connection>;
  /**
   * Makes a view again, or all of them, although the stream's state is the same: call it when something else changed that
   * `project` depends on, such as rights that are kept elsewhere. What clients may no longer see is not sent after it.
   */
  refresh(key?: string): void;
  /** Ends every view, as `close` of a stream does, and those that are got later. The stream itself stays open. */
  close(ending?: Partial<Ending>): Promise<void>;
}

/** The type of `createStateViews`. */
export interface CreateStateViews {
  /**
   * Makes views of a stream: for each key, another stream with what `project` makes of the state. It is called once per
   * view and flush while the view has connections, with the state as the stream's clients see it, and must neither change
   * it nor be async. A slice that it gives by the same object as before costs next to nothing, and counts as unchanged:
   * where it gives objects that are mutated later, the option `snapshots: "copy"` is needed.
   *
   * Every change of a view may take away a right, so nothing that was replaced or removed is ever sent: not in a replay,
   * not in a snapshot, not in the rest of an event that is half sent (that client is cut off, and comes back). If `project`
   * throws, clients keep what they have, are sent nothing more, and new ones get `state.end` with `unavailable`.
   *
   * @example
   * const hands = createStateViews(table, (state, player) => ({ board: state.board, hand: state.hands[player] ?? [] }));
   * app.get("/table", (c) => streamState(c, hands.get(userOf(c))));
   *
   * @throws {StateStreamError} `invalid-option`
   */
  <Stream extends StateStream, View extends object>(
    stream: Stream,
    project: (state: Stream["state"], key: string) => View,
    options?: StateViewsOptions<View>,
  ): StateViews<View>;
}

const OPTIONS: readonly string[] = [...STREAM_OPTIONS, "maxViews", "idleMs"];

export function viewsWith(clock: Clock): CreateStateViews {
  return <Stream extends StateStream, View extends object>(
    stream: Stream,
    project: (state: Stream["state"], key: string) => View,
    options: StateViewsOptions<View> = {},
  ): StateViews<View> => {
    checkArguments(stream, project);
    checkOptionNames("createStateViews", options, OPTIONS);
    const { maxViews = 1000, idleMs = 60_000 } = options;
    checkAmount("maxViews", maxViews);
    checkAmount("idleMs", idleMs);
    const differences = new SharedDifferences();
    const settings = viewSettings(options, differences);
    const { onError: report } = settings;
    const registry = new ViewRegistry<View>({
      clock,
      parent: stream,
      project,
      settings,
      // With a differ of their own, views are not sent what the stream's found.
      differences: options.differ === undefined && options.rowIds === undefined ? differences : undefined,
      maxViews,
      idleMs,
      report,
    });
    return {
      get: (key) => registry.get(key),
      get size() {
        return registry.viewCount;
      },
      get connections() {
        return registry.connections;
      },
      refresh: (key) => registry.refresh(key),
      close: ({ reason = "closed", retry = true } = {}) => registry.close({ reason, retry }),
    };
  };
}

function viewSettings<View extends object>(
  options: StateViewsOptions<View>,
  differences: SharedDifferences,
): Settings<View> & { readonly onError: (error: StateStreamError) => void } {
  const defaults = { cause: (cause: Cause) => cause, maxLogEvents: 100, maxLogBytes: 64 * 1024 };
  const settings = settingsOf<View>({ ...defaults, ...given(options) }, "shared");
  return {
    ...settings,
    compare: differences.of(settings.compare),
    isRevocable: true,
    sharedJson: new WeakMap(),
    watched: new WeakSet(),
    // One warning for all views, however many there are.
    onError: options.onError ?? (({ code, message }) => warnOnce(`view ${code}`, message)),
  };
}

/** The options that have a value, so that `undefined` does not replace a default. */
function given<View extends object>(options: StateViewsOptions<View>): StateViewsOptions<View> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** @throws {StateStreamError} `invalid-option` */
function checkArguments<Stream extends StateStream>(
  stream: Stream,
  project: unknown,
): asserts stream is Stream & ViewedStream {
  if (typeof (stream as Partial<ViewedStream> | null | undefined)?.attachViews !== "function") {
    throw new StateStreamError(
      "invalid-option",
      "createStateViews needs a state stream; create it with createStateStream.",
    );
  }
  if (typeof project !== "function") {
    throw new StateStreamError(
      "invalid-option",
      `createStateViews was given ${typeof project} as project; it needs a function of the state and the key.`,
    );
  }
}

export const createStateViews: CreateStateViews = viewsWith(systemClock);
