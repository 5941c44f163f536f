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
    const steps = path.split("/").slice(1).map(unescape);
    const name = steps.pop();
    if (name === undefined) return false;
    let parent: Json | undefined = before;
    for (const step of steps) {
      if (Array.isArray(parent)) {
        if (insertedRows) return false;
        parent = parent[Number(step)];
      } else if (typeof parent === "object" && parent !== null) {
        parent = Object.hasOwn(parent, step) ? parent[step] : undefined;
      }
    }
    if (Array.isArray(parent)) {
      insertedRows = true;
      return true;
    }
    // A parent that is not there was added by an earlier operation.
    return typeof parent !== "object" || parent === null || !Object.hasOwn(parent, name);
  });
}

function unescape(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
