import type { Cause } from "../protocol/events.ts";
import { isRecord } from "../json/json.ts";

/**
 * How previous states are kept for comparison. `shared`: by reference, for state that is never mutated in place; a change
 * costs what changed. `copy`: as private copies, for state that is mutated in place; a change costs the whole slice.
 */
export type SnapshotMode = "shared" | "copy";

/** What a source may say about a change. Every member is optional: without `slice`, every visible slice is compared. */
export interface StateChange {
  /** The slice that changed, a top-level key of the state. */
  readonly slice?: string | undefined;
  /** Why it changed. */
  readonly cause?: Cause | undefined;
}

/** Where a stream's state comes from. Redux and Zustand stores are sources without an adapter. */
export interface StateSource<S extends object = object> {
  /** Returns the whole current state: a plain object, one member per slice. */
  getState(): S;
  /**
   * Calls `listener` after each change, until the returned function is called. Stores may pass arguments of their own, such
   * as the state: only an object whose members are all members of `StateChange` is read as one.
   */
  subscribe(listener: (change?: StateChange | object) => void): () => void;
  /** How previous states of this source must be kept; the stream's option `snapshots` overrides it. Default `shared`. */
  readonly snapshots?: SnapshotMode;
}

/** A slice of a state: an own member, never one that a prototype has. */
export function sliceOf(state: object, slice: string): unknown {
  return Object.hasOwn(state, slice) ? (state as Record<string, unknown>)[slice] : undefined;
}

/**
 * The change that a store passed to its listener, if its arguments are one: a single object that has members of a change
 * only. Zustand passes the state and the previous one, which must not be mistaken for a change.
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
