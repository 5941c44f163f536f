import { Draft } from "../json/draft.ts";
import { Growth } from "../json/growth.ts";
import { tokensOf } from "../json/pointer.ts";
import type { Json, Operation } from "../json/types.ts";

/** The operations as RFC 6902 has them: each `append` becomes a `replace` by the text that it leads to. */
export function strictOf(operations: readonly Operation[], before: Json): readonly Operation[] {
  if (!hasAppend(operations)) return operations;
  const draft = new Draft(before);
  const strict: Operation[] = [];
  for (const [index, operation] of operations.entries()) {
    draft.apply(operation);
    const { op, path } = operation;
    const next = operations[index + 1];
    if (op !== "append") strict.push(operation);
    else if (next?.op !== "append" || next.path !== path) strict.push({ op: "replace", path, value: draft.read(path) });
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

/**
 * The operations as RFC 6902 has them, where only the value that they lead to is known. `undefined` where a later operation
 * may have moved, copied, tested or replaced a text that grew, so that its place or its text at that time is not known.
 */
export function strictTowards(operations: readonly Operation[], after: Json): readonly Operation[] | undefined {
  if (!hasAppend(operations)) return operations;
  const result = new Draft(after);
  const strict: Operation[] = [];
  for (const [index, operation] of operations.entries()) {
    if (operation.op !== "append") {
      strict.push(operation);
      continue;
    }
    const { path } = operation;
    const later = operations.slice(index + 1);
    const tokens = tokensOf(path);
    if (tokens === undefined || later.some((next) => next.op !== "append" && mayTouch(next, tokens))) return undefined;
    // The last append of a text stands for all of them, since nothing in between has read it.
    if (later.some((next) => next.op === "append" && next.path === path)) continue;
    const text = read(result, path);
    if (text === undefined) return undefined;
    strict.push({ op: "replace", path, value: text });
  }
  return strict;
}

function read(draft: Draft, path: string): string | undefined {
  try {
    const text = draft.read(path);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the operation may read, replace or move what is at these steps. */
function mayTouch(operation: Operation, place: readonly string[]): boolean {
  const paths = "from" in operation ? [operation.path, operation.from] : [operation.path];
  return paths.some((path) => {
    const tokens = tokensOf(path);
    return tokens === undefined || leadsTo(tokens, place) || (operation.op !== "replace" && shifts(tokens, place));
  });
}

/** Whether the path is the place, or leads through a container of it. */
function leadsTo(tokens: readonly string[], place: readonly string[]): boolean {
  return tokens.length <= place.length && tokens.every((token, depth) => token === place[depth]);
}

/** Whether a row added or removed at the path may shift a row that the place is in. */
function shifts(tokens: readonly string[], place: readonly string[]): boolean {
  const depth = tokens.length - 1;
  if (depth >= place.length || !leadsTo(tokens.slice(0, depth), place)) return false;
  const row = Number(tokens[depth]);
  return Number.isInteger(row) && row <= Number(place[depth]);
}
