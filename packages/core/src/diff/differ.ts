import type { Json, Operation } from "../json/types.ts";
import { utf8Length } from "../json/json-text.ts";
import { namesPrototype } from "../json/pointer.ts";
import { isAtLeast } from "../json/size.ts";
import { isAdditive } from "./additive.ts";
import { SMALL_PATCH_BYTES } from "./patch-writer.ts";
import { hasAppend, splitsText, strictOf } from "./strict.ts";

/**
 * Finds the operations that lead from one value of a slice to the next. An empty list means that nothing changed;
 * `undefined` means that the value is to be sent instead. Both arguments are JSON, and both are objects or both arrays. A
 * differ must neither change its arguments nor keep them.
 */
export type Differ = (before: Json, after: Json) => readonly Operation[] | undefined;

/** Compares two values of a slice. `undefined` means that nothing changed. */
export type Compare = (before: Json, after: Json) => Difference | undefined;

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

/** `text` is the value's JSON, where it is known. */
export function valueDifference(value: Json, text: string = JSON.stringify(value)): Difference {
  return { kind: "value", member: `"value":${text}` };
}

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
  const difference = cheaper(JSON.stringify(operations), after, { appends: hasAppend(operations) });
  return { ...difference, additive: isAdditive(operations, before) };
}

interface Known {
  readonly appends: boolean;
  /** How many bytes of JSON the value has at least. */
  readonly valueBytes?: number;
  /** The value's JSON. */
  readonly valueText?: string | undefined;
}

/** The byte rule (PROTOCOL.md, "Updates"): the patch, or the value where that is smaller. */
export function cheaper(text: string, after: Json, { appends, valueBytes = 0, valueText }: Known): Difference {
  const member = `"patches":${text}`;
  const patches: Difference = appends ? { kind: "patches", member, appends } : { kind: "patches", member };
  const allowed = Math.max(SMALL_PATCH_BYTES, valueBytes);
  // A UTF-16 unit takes one to three bytes, so that most lengths decide without counting.
  if (text.length * 3 <= allowed) return patches;
  const bytes = utf8Length(text);
  if (bytes <= allowed || isAtLeast(after, bytes)) return patches;
  const value = valueText ?? JSON.stringify(after);
  return utf8Length(value) < bytes ? valueDifference(after, value) : patches;
}

export function areSameContainer(before: Json, after: Json): boolean {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return false;
  return Array.isArray(before) === Array.isArray(after);
}
