import jsonpatch from "fast-json-patch";
import type { Json, Operation } from "./events.ts";
import { isAtLeast } from "./json.ts";
import { namesPrototype } from "./operations.ts";

/**
 * Two values of one slice in, the operations from the first to the second out; an empty list when nothing changed.
 * Asked only when both are plain objects or both arrays, and always with JSON. `undefined` gives up: the value is sent.
 * A differ must not change its arguments, nor keep them.
 */
export type Differ = (before: Json, after: Json) => readonly Operation[] | undefined;

/** The differ of the package fast-json-patch. */
export const fastJsonPatch: Differ = (before, after) =>
  jsonpatch.compare(before as object, after as object) as Operation[];

/** A patch below this is sent without asking what the value would cost. Bytes of JSON; PROTOCOL.md, "Updates". */
const SMALL_PATCH_BYTES = 512;

/** What happened to a slice, as the member of a `state.update` that says it. */
export interface Difference {
  readonly kind: "patches" | "value" | "removed";
  /** The member's JSON: `"patches":[...]`, `"value":...` or `"removed":true`. */
  readonly member: string;
}

export const REMOVED: Difference = { kind: "removed", member: '"removed":true' };

export function valueDifference(value: Json): Difference {
  return { kind: "value", member: `"value":${JSON.stringify(value)}` };
}

/** What a slice's change is told as: nothing, the differ's patches, or the value where patches cannot say it or cost more. */
export function differenceOf(before: Json, after: Json, differ: Differ): Difference | undefined {
  if (before === after) return undefined;
  if (!sameContainer(before, after)) return valueDifference(after);
  const operations = differ(before, after);
  if (operations?.length === 0) return undefined;
  return operations === undefined ? valueDifference(after) : patchDifference(operations, after);
}

/** What operations that led to `after` are told as. */
export function patchDifference(operations: readonly Operation[], after: Json): Difference {
  if (namesPrototype(operations) || operations.some((operation) => operation.path === ""))
    return valueDifference(after);
  const text = JSON.stringify(operations);
  const patches: Difference = { kind: "patches", member: `"patches":${text}` };
  // UTF-16 units count one to three bytes each, so most lengths decide without counting.
  if (text.length * 3 <= SMALL_PATCH_BYTES) return patches;
  const bytes = utf8Length(text);
  if (bytes <= SMALL_PATCH_BYTES || isAtLeast(after, bytes)) return patches;
  const value = valueDifference(after);
  return utf8Length(value.member) - '"value":'.length < bytes ? value : patches;
}

function sameContainer(before: Json, after: Json): boolean {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return false;
  return Array.isArray(before) === Array.isArray(after);
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
