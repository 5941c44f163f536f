import type { Json, Operation } from "../json/types.ts";
import { utf8Length } from "../json/json-text.ts";
import { isObject } from "../json/json.ts";
import { namesPrototype } from "../json/pointer.ts";
import { type Held, jsonOf } from "../json/held.ts";
import { isAtLeast } from "../json/size.ts";
import { isAdditive } from "./additive.ts";
import { hasAppend, splitsText, strictOf } from "./strict.ts";

/** A patch up to this size, in bytes of JSON, is sent even if the value is smaller. See "state.update" in PROTOCOL.md. */
export const SMALL_PATCH_BYTES = 512;

/**
 * Finds the operations that lead from one value of a slice to the next. An empty list means that nothing changed;
 * `undefined` means that the value is to be sent instead. Both arguments are JSON, and both are objects or both arrays. A
 * differ must neither change its arguments nor keep them.
 */
export type Differ = (before: Json, after: Json) => readonly Operation[] | undefined;

/** Compares two values of a slice. */
export interface Compare {
  /** `undefined` means that nothing changed. */
  (before: Json, after: Json): Difference | undefined;
  /**
   * Finds what JSON carries of a value and what changed of it, in one walk. `undefined` where JSON leaves the value out, or
   * the comparison cannot be made so.
   */
  readonly step?: (before: Held, value: unknown, slice: string) => Step | undefined;
}

/** What JSON carries of a value, and what changed. */
export interface Step {
  readonly held: Held;
  readonly difference: Difference | undefined;
}

/** A change of a slice, as the member of a `state.update` that carries it. */
export interface Difference {
  readonly kind: "patches" | "value" | "removed";
  /** The member's JSON: `"patches":[...]`, `"value":...` or `"removed":true`. */
  readonly member: string;
  /** It only adds to the state, as a row, a member or a new slice: all that clients could see before may still be seen. */
  readonly additive?: boolean;
  /** Present where an operation is an `append`, which only connections that asked for it understand. */
  readonly appends?: true;
}

export const REMOVED: Difference = { kind: "removed", member: '"removed":true' };

export function valueDifference(value: Json): Difference {
  return { kind: "value", member: `"value":${JSON.stringify(value)}` };
}

/** What `"value":` takes of the member. */
const VALUE_NAME_BYTES = 8;

/** Compares with a differ of the application's own; `appends` says whether its `append` operations are kept. */
export function compareWith(differ: Differ, appends = false): Compare {
  return (before, after) => {
    if (before === after) return undefined;
    if (!areSameContainer(before, after)) return valueDifference(after);
    const operations = differ(before, after);
    if (operations?.length === 0) return undefined;
    if (operations === undefined) return valueDifference(after);
    const kept = appends && !splitsText(operations, before) ? operations : strictOf(operations, before);
    return patchDifference(kept, before, after);
  };
}

/** The change that operations leading from `before` to `after` make: those operations, or the value where the byte rule prefers it. */
export function patchDifference(operations: readonly Operation[], before: Json, after: Json): Difference {
  if (namesPrototype(operations) || operations.some(({ op, path }) => path === "" && op !== "append"))
    return valueDifference(after);
  const [appends, additive] = [hasAppend(operations), isAdditive(operations, before)];
  return cheaper(JSON.stringify(operations), after, { appends, additive });
}

interface Known {
  readonly appends: boolean;
  readonly additive?: boolean;
  /** How many bytes of JSON the value has at least. */
  readonly valueBytes?: number;
}

/** The byte rule (PROTOCOL.md, "Updates"): the patch, or the value where that is smaller. */
export function cheaper(text: string, after: Held, { appends, additive = false, valueBytes = 0 }: Known): Difference {
  const allowed = Math.max(SMALL_PATCH_BYTES, valueBytes);
  // A UTF-16 unit takes one to three bytes, so that most lengths decide without counting.
  if (text.length * 3 > allowed) {
    const bytes = utf8Length(text);
    if (bytes > allowed && !isAtLeast(jsonOf(after), bytes)) {
      const value = valueDifference(jsonOf(after));
      if (utf8Length(value.member) - VALUE_NAME_BYTES < bytes) return { ...value, additive };
    }
  }
  const patches: Difference = { kind: "patches", member: `"patches":${text}`, additive };
  return appends ? { ...patches, appends } : patches;
}

export function areSameContainer(before: unknown, after: unknown): boolean {
  return isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after);
}
