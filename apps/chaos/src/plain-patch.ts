import type { Json, Operation } from "@statestream/core";
import jsonPatch from "fast-json-patch";

/**
 * The value after a JSON Patch that may contain `append`, by an applier that is not core's. Leaves `value` as it was; throws
 * where it does not fit.
 */
export function applyPlainPatch(value: Json, operations: readonly Operation[]): Json {
  let document = structuredClone(value);
  for (const operation of structuredClone(operations)) {
    const strict = operation.op === "append" ? replacement(document, operation) : operation;
    document = jsonPatch.applyOperation(document, strict as jsonPatch.Operation, true).newDocument;
  }
  return document;
}

/** What a client of RFC 6902 would be sent in place of an `append`. */
function replacement(document: Json, { path, value }: Extract<Operation, { readonly op: "append" }>): Operation {
  const text: unknown = jsonPatch.getValueByPointer(document, path);
  if (typeof text !== "string" || typeof value !== "string") throw new Error(`append at ${path}: there is no text`);
  return { op: "replace", path, value: text + value };
}
