import { isObject, ownMember } from "../json/json.ts";
import { tokensOf } from "../json/pointer.ts";
import type { Json, Operation } from "../json/types.ts";

/**
 * Whether operations only add to `before`: text, rows, and members that were not there. Where an earlier row of the same patch
 * has moved the rows that a path leads through, the answer is no, since `before` cannot say what the path means then.
 */
export function isAdditive(operations: readonly Operation[], before: Json): boolean {
  let insertedRows = false;
  return operations.every(({ op, path }) => {
    if (op === "append") return true;
    if (op !== "add") return false;
    const steps = tokensOf(path) ?? [];
    const name = steps.pop();
    if (name === undefined) return false;
    let parent: Json | undefined = before;
    for (const step of steps) {
      if (Array.isArray(parent)) {
        if (insertedRows) return false;
        parent = parent[Number(step)];
      } else if (isObject(parent)) parent = ownMember(parent, step);
    }
    if (Array.isArray(parent)) {
      insertedRows = true;
      return true;
    }
    // A parent that is not there was added by an earlier operation.
    return !isObject(parent) || !Object.hasOwn(parent, name);
  });
}
