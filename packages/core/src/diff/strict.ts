import { Draft } from "../json/draft.ts";
import { Growth } from "../json/growth.ts";
import type { Json, Operation } from "../json/types.ts";

/** The operations as RFC 6902 has them: each `append` becomes a `replace` by the text that it leads to. */
export function strictOf(operations: readonly Operation[], before: Json): readonly Operation[] {
  if (!hasAppend(operations)) return operations;
  const draft = new Draft(before);
  const strict: Operation[] = [];
  for (const [index, operation] of operations.entries()) {
    draft.apply(operation);
    if (operation.op !== "append") strict.push(operation);
    else if (!appendsTo(operations[index + 1], operation.path))
      strict.push({ op: "replace", path: operation.path, value: draft.read(operation.path) });
  }
  return strict;
}

/** Whether an `append` continues in the middle of a character, which must not go on the wire. */
export function splitsText(operations: readonly Operation[], before: Json): boolean {
  if (!hasAppend(operations)) return false;
  const growth = new Growth();
  const draft = new Draft(before, growth);
  for (const operation of operations) draft.apply(operation);
  return growth.splits;
}

export function hasAppend(operations: readonly Operation[]): boolean {
  return operations.some(({ op }) => op === "append");
}

function appendsTo(operation: Operation | undefined, path: string): boolean {
  return operation?.op === "append" && operation.path === path;
}
