import type { Json, Operation } from "@statestream/core";
import jsonPatch from "fast-json-patch";

/** The value after a JSON Patch, by an applier that is not core's. Leaves `value` as it was; throws where it does not fit. */
export function applyPlainPatch(value: Json, operations: readonly Operation[]): Json {
  const copy = structuredClone(value);
  return jsonPatch.applyPatch(copy, structuredClone([...operations]) as jsonPatch.Operation[], true).newDocument;
}
