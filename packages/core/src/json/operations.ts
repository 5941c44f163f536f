import { StateStreamError } from "../support/errors.ts";
import { Draft, Misfit } from "./draft.ts";
import type { Growth } from "./growth.ts";
import type { Json, Operation } from "./types.ts";

/** How much of an operation an error message quotes. UTF-16 units of its JSON. */
const MAX_QUOTED = 200;

/**
 * Applies a JSON Patch (RFC 6902) that may contain `append`, without touching the document: what no operation reaches
 * keeps its identity, so that the cost is the paths, not the document. All operations are applied or none. The same
 * document comes back when nothing changed. `growth` bounds what a patch of the application may make of the document.
 *
 * @throws {StateStreamError} `invalid-patch`, naming the operation.
 */
export function applyOperations(
  document: Json,
  operations: readonly Operation[],
  slice: string,
  growth?: Growth,
): Json {
  const draft = new Draft(document, growth);
  for (const [index, operation] of operations.entries()) {
    try {
      draft.apply(operation);
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause;
      throw new StateStreamError(
        "invalid-patch",
        `Operation ${index} (${quote(operation)}) does not fit slice "${slice}": ${cause.message}. None was applied.`,
        { slice },
      );
    }
  }
  return draft.root;
}

/** Whether the result may equal the document without being the same object: one operation may undo another. */
export function mayCancelOut(operations: readonly Operation[]): boolean {
  return operations.length > 1 || operations[0]?.op === "move";
}

function quote(operation: Operation): string {
  try {
    const text = JSON.stringify(operation);
    return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  } catch {
    return "too deep to quote";
  }
}
