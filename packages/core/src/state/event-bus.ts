import { systemClock } from "../support/clock.ts";
import { invalidOption, withCause } from "../support/errors.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { warnOnce } from "../support/warn.ts";
import type { Cause } from "../protocol/events.ts";
import { jsonEqual } from "../json/equal.ts";
import { copyJson, isObject, isRecord } from "../json/json.ts";
import { type ActionId, causeOf, defaultActionId } from "./cause.ts";
import { sliceOf, type StateSource } from "./source.ts";

/** The two methods of an EventEmitter that `eventBusSource` uses. */
export interface EventBus {
  on(event: string, listener: (event: unknown) => void): unknown;
  off(event: string, listener: (event: unknown) => void): unknown;
}

export interface EventBusSourceOptions<S extends object> {
  /** Returns the whole current state. */
  getState: () => S;
  /** Emits one event per change, shaped `{ slice, after, causingAction }`. */
  bus: EventBus;
  /** The name of that event. Default `change`. */
  event?: string;
  /**
   * Reads an action's id. Default, the same as for Redux: the first of `meta.__ellie.actionId`, `meta.id` and
   * `meta.requestId` that is a string or a number. If it throws, causes go without an id.
   */
  actionId?: ActionId;
}

/**
 * When the state is read again after an event that announced another value than the state has, in milliseconds after the
 * previous time; the first time is a microtask after the event.
 */
const READ_AGAIN_MS = [0, 10, 100, 1000, 10_000] as const;

/** How many announced values of one slice are remembered while they are waited for. */
const MAX_AWAITED = 16;

/** A slice whose state was not the announced one. */
interface Watch {
  /**
   * Values that were announced and are still to be seen in the state, in the order of their events; `undefined` once they
   * were too many.
   */
  awaited: unknown[] | undefined;
  /** The cause of the latest announcement. */
  cause: Cause | undefined;
  /** How many of the times in `READ_AGAIN_MS` have passed. */
  reads: number;
  cancel: () => void;
}

/**
 * A source from an event bus whose change events are `{ slice, after, causingAction }`. Runtimes with a bus tend to mutate
 * in place, so previous states are copies unless the stream's `snapshots` says `shared`.
 *
 * Clients are only sent what `getState` returns, never `after` itself, because a bus may deliver late, twice or out of
 * order. An `after` that the state does not have may also be early: then the state is read again, from a microtask to about
 * eleven seconds later, until it has had every announced value in turn.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function eventBusSource<S extends object>(options: EventBusSourceOptions<S>): StateSource<S> {
  checkOptionNames("eventBusSource", options, ["getState", "bus", "event", "actionId"]);
  const { getState, bus, event = "change", actionId = defaultActionId } = options;
  if (typeof getState !== "function" || typeof bus?.on !== "function" || typeof bus.off !== "function") {
    throw invalidOption(
      "eventBusSource needs the options getState, a function, and bus, an object with the methods on and off.",
    );
  }
  return {
    getState,
    snapshots: "copy",
    subscribe(listener) {
      const watches = new Map<string, Watch>();

      const read = (slice: string, watch: Watch): void => {
        listener({ slice, cause: watch.cause });
        // In order: a value that the state has now may have been announced for after another one that is still to come.
        while (watch.awaited?.length && isCurrent(getState, slice, watch.awaited[0])) watch.awaited.shift();
        const delay = READ_AGAIN_MS[watch.reads++];
        if (delay === undefined || watch.awaited?.length === 0) watches.delete(slice);
        else watch.cancel = systemClock.after(delay, () => read(slice, watch));
      };

      const watchFor = (slice: string, after: unknown, cause: Cause | undefined): void => {
        const watch = watches.get(slice) ?? { awaited: [], cause, reads: 0, cancel: () => undefined };
        watches.set(slice, watch);
        watch.cancel();
        watch.cause = cause;
        watch.reads = 0;
        if (watch.awaited !== undefined && watch.awaited.push(after) > MAX_AWAITED) watch.awaited = undefined;
        watch.cancel = inMicrotask(() => read(slice, watch));
      };

      const onEvent = (given: unknown): void => {
        const change = changeOfEvent(given);
        const { slice } = change;
        const cause = causeOf(change.causingAction, actionId);
        listener({ slice, cause });
        if (slice === undefined || !("after" in change)) return;
        if (watches.has(slice) || !isCurrent(getState, slice, change.after)) watchFor(slice, change.after, cause);
      };

      bus.on(event, onEvent);
      return () => {
        for (const { cancel } of watches.values()) cancel();
        watches.clear();
        bus.off(event, onEvent);
      };
    },
  };
}

interface BusChange {
  readonly slice?: string | undefined;
  readonly after?: unknown;
  readonly causingAction?: unknown;
}

function changeOfEvent(event: unknown): BusChange {
  if (!isRecord(event)) return {};
  try {
    const { slice, causingAction } = event;
    return {
      slice: typeof slice === "string" ? slice : undefined,
      causingAction,
      ...(Object.hasOwn(event, "after") ? { after: event["after"] } : {}),
    };
  } catch (error) {
    // The emitter must not be broken by it, and the change must not be lost: every slice is compared instead.
    warnOnce("bus-event", withCause("Reading a change event threw", error, "Every slice is compared instead."));
    return {};
  }
}

/** Whether the state has this value now, as the same object or as equal JSON: an event may carry a copy. */
function isCurrent(getState: () => object, slice: string, after: unknown): boolean {
  try {
    const value = sliceOf(getState(), slice);
    if (value === after) return true;
    return isObject(value) && isObject(after) && jsonEqual(copyJson(value, slice), copyJson(after, slice));
  } catch {
    // The stream calls getState itself and reports the failure; reading again may succeed.
    return false;
  }
}

function inMicrotask(fn: () => void): () => void {
  let cancelled = false;
  queueMicrotask(() => {
    if (!cancelled) fn();
  });
  return () => {
    cancelled = true;
  };
}
