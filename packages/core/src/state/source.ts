import { StateStreamError, withCause } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import { isRecord } from "../json/json.ts";
import { warnOnce } from "../support/warn.ts";

/**
 * How previous states are held. `shared`: by reference, for state that is never mutated in place; a change then costs
 * what changed. `copy`: as a private copy, for state that is; a change costs the slice.
 */
export type SnapshotMode = "shared" | "copy";

/** What a source may say of a change. All of it is optional: without a slice, every visible slice is looked at. */
export interface StateChange {
  /** The slice that changed, a top-level key of the state. */
  readonly slice?: string | undefined;
  /** Why it changed. */
  readonly cause?: Cause | undefined;
}

/** Where states come from: Redux and Zustand stores are one as they are. */
export interface StateSource<S extends object = object> {
  /** The whole state now: a plain object, one member per slice. */
  getState(): S;
  /**
   * Calls `listener` after each change, until the function it returns is called. A store may give it its own arguments,
   * such as its state: they are no change, and are not taken for one.
   */
  subscribe(listener: (change?: StateChange | object) => void): () => void;
  /** How this source's previous states must be held; the stream's own option `snapshots` wins. Default `shared`. */
  readonly snapshots?: SnapshotMode;
}

/** The two methods of an EventEmitter that a bus needs. */
export interface EventBus {
  on(event: string, listener: (event: unknown) => void): unknown;
  off(event: string, listener: (event: unknown) => void): unknown;
}

export interface EventBusSourceOptions<S extends object> {
  /** The whole state now. */
  getState: () => S;
  /** Emits one event per change, shaped `{ slice, after, causingAction }`. */
  bus: EventBus;
  /** The name of that event. Default `change`. */
  event?: string;
  /** Reads an action's id. Default: its `meta.__ellie.actionId`. */
  actionId?: (action: unknown) => string | number | undefined;
}

/**
 * A source from an event bus whose change events are `{ slice, after, causingAction }`. Runtimes with a bus tend to
 * mutate in place, so previous states are copies unless the stream's `snapshots` says `shared`.
 *
 * The state is read from `getState` at each event. A bus may deliver late or out of order, so an event's `after` that
 * is not the state's own value has the slice looked at once more, when the emitter has finished.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function eventBusSource<S extends object>(options: EventBusSourceOptions<S>): StateSource<S> {
  const { getState, bus, event = "change", actionId = ellieActionId } = options;
  if (typeof getState !== "function" || typeof bus?.on !== "function" || typeof bus.off !== "function") {
    throw new StateStreamError(
      "invalid-option",
      "eventBusSource needs getState, a function, and bus, with on and off.",
    );
  }
  return {
    getState,
    snapshots: "copy",
    subscribe(listener) {
      const onEvent = (given: unknown): void => {
        const change = isRecord(given) ? given : {};
        const slice = typeof change["slice"] === "string" ? change["slice"] : undefined;
        const cause = causeOf(change["causingAction"], actionId);
        listener({ slice, cause });
        if (slice === undefined || !Object.hasOwn(change, "after") || isCurrent(slice, change["after"])) return;
        queueMicrotask(() => listener({ slice, cause }));
      };
      const isCurrent = (slice: string, after: unknown): boolean => {
        try {
          return sliceOf(getState(), slice) === after;
        } catch {
          // The stream asks too, and reports it; the emitter has no part in it. A second look is worth it.
          return false;
        }
      };
      bus.on(event, onEvent);
      return () => bus.off(event, onEvent);
    },
  };
}

/** An action as the cause of a change: its `type`, the id that `actionId` reads, its `payload`. */
export function causeOf(
  action: unknown,
  actionId: (action: unknown) => string | number | undefined,
): Cause | undefined {
  if (!isRecord(action) || typeof action["type"] !== "string") return undefined;
  let id: string | number | undefined;
  try {
    id = actionId(action);
  } catch (error) {
    // Whoever dispatched has no part in it, and the change must not be lost over its id.
    warnOnce("actionId", withCause("The option actionId threw", error, "Causes are sent without an id."));
  }
  return {
    type: action["type"],
    ...(id === undefined ? {} : { id }),
    ...(action["payload"] === undefined ? {} : { payload: action["payload"] }),
  };
}

function ellieActionId(action: unknown): string | number | undefined {
  const meta = isRecord(action) && isRecord(action["meta"]) ? action["meta"]["__ellie"] : undefined;
  const id = isRecord(meta) ? meta["actionId"] : undefined;
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

/** A slice of a state: an own member, never one of a prototype. */
export function sliceOf(state: object, slice: string): unknown {
  return Object.hasOwn(state, slice) ? (state as Record<string, unknown>)[slice] : undefined;
}

/**
 * What a store told its listener, if that is a change: an object with members of a change only. Stores pass arguments of
 * their own, Zustand the state and the one before, which must not be mistaken for one.
 */
export function changeOf(args: readonly unknown[], state: object): StateChange {
  const [change] = args;
  if (args.length !== 1 || change === state || !isRecord(change)) return {};
  const { slice, cause, ...others } = change;
  if (Object.keys(others).length > 0) return {};
  return {
    slice: typeof slice === "string" ? slice : undefined,
    cause: isRecord(cause) && typeof cause["type"] === "string" ? (cause as unknown as Cause) : undefined,
  };
}
