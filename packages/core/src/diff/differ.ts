import jsonpatch from "fast-json-patch";
import type { Json, Operation } from "../json/types.ts";
import { utf8Length } from "../json/json-text.ts";
import { isAtLeast } from "../json/json.ts";
import { namesPrototype } from "../json/operations.ts";
import { SMALL_PATCH_BYTES } from "./patch-writer.ts";
import { writePatch } from "./structural-differ.ts";

/**
 * Two values of one slice in, the operations from the first to the second out; an empty list when nothing changed.
 * Asked only when both are plain objects or both arrays, and always with JSON. `undefined` gives up: the value is sent.
 * A differ must not change its arguments, nor keep them.
 */
export type Differ = (before: Json, after: Json) => readonly Operation[] | undefined;

/** The differ of the package fast-json-patch. */
export const fastJsonPatch: Differ = (before, after) =>
  jsonpatch.compare(before as object, after as object) as Operation[];

/** What happened to a slice, as the member of a `state.update` that says it. */
export interface Difference {
  readonly kind: "patches" | "value" | "removed";
  /** The member's JSON: `"patches":[...]`, `"value":...` or `"removed":true`. */
  readonly member: string;
}

export const REMOVED: Difference = { kind: "removed", member: '"removed":true' };

/** `text` is the value's JSON, where it is known. */
export function valueDifference(value: Json, text: string = JSON.stringify(value)): Difference {
  return { kind: "value", member: `"value":${text}` };
}

/** What a slice's change is told as: nothing, the differ's patches, or the value where patches cannot say it or cost more. */
export function differenceOf(before: Json, after: Json, differ: Differ): Difference | undefined {
  if (before === after) return undefined;
  if (!sameContainer(before, after)) return valueDifference(after);
  const written = writePatch(differ, before, after);
  if (written !== undefined) {
    const { patches, valueBytes, valueText } = written;
    if (patches === "") return undefined;
    return patches === undefined ? valueDifference(after, valueText) : cheaper(patches, after, valueBytes, valueText);
  }
  const operations = differ(before, after);
  if (operations?.length === 0) return undefined;
  return operations === undefined ? valueDifference(after) : patchDifference(operations, after);
}

/** What operations that led to `after` are told as. */
export function patchDifference(operations: readonly Operation[], after: Json): Difference {
  if (namesPrototype(operations) || operations.some((operation) => operation.path === ""))
    return valueDifference(after);
  return cheaper(JSON.stringify(operations), after, 0);
}

/** The patch, or the value where that costs less; of the value, it may be known that it has so many bytes. */
function cheaper(text: string, after: Json, valueBytes: number, valueText?: string): Difference {
  const patches: Difference = { kind: "patches", member: `"patches":${text}` };
  const allowed = Math.max(SMALL_PATCH_BYTES, valueBytes);
  // UTF-16 units count one to three bytes each, so most lengths decide without counting.
  if (text.length * 3 <= allowed) return patches;
  const bytes = utf8Length(text);
  if (bytes <= allowed || isAtLeast(after, bytes)) return patches;
  const value = valueText ?? JSON.stringify(after);
  return utf8Length(value) < bytes ? valueDifference(after, value) : patches;
}

function sameContainer(before: Json, after: Json): boolean {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return false;
  return Array.isArray(before) === Array.isArray(after);
}
