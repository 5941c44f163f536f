import type { Json, Operation, StateUpdateEvent } from "@statestream/core";

/**
 * A value before the updates that led to it; `undefined` where they do not say it. Text that was added, and items that were
 * added at the end of a list, can be taken away again; what was overwritten is not known any more.
 */
export function rewind(value: Json | undefined, updates: readonly StateUpdateEvent[]): Json | undefined {
  let current = value;
  for (const { patches } of updates.toReversed()) {
    for (const operation of (patches ?? [undefined]).toReversed()) {
      if (current === undefined || operation === undefined) return undefined;
      const steps = operation.path.split("/").slice(1).map(unescape);
      current = undo(current, steps, operation);
    }
  }
  return current;
}

function undo(value: Json, [step, ...rest]: readonly string[], operation: Operation): Json | undefined {
  if (step === undefined) return undoHere(value, operation);
  if (Array.isArray(value)) {
    const index = step === "-" ? value.length - 1 : Number(step);
    if (rest.length === 0 && operation.op === "add") {
      return index >= 0 && index === value.length - 1 ? value.slice(0, -1) : undefined;
    }
    const before = inside(value[index], rest, operation);
    return before === undefined ? undefined : value.with(index, before);
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
  // Whether a member that is added was there before is not known.
  if (rest.length === 0 && operation.op === "add") return undefined;
  const before = inside(value[step], rest, operation);
  return before === undefined ? undefined : { ...value, [step]: before };
}

function inside(value: Json | undefined, rest: readonly string[], operation: Operation): Json | undefined {
  return value === undefined ? undefined : undo(value, rest, operation);
}

function undoHere(value: Json, operation: Operation): Json | undefined {
  if (operation.op === "test") return value;
  if (operation.op !== "append" || typeof value !== "string" || !value.endsWith(operation.value)) return undefined;
  return value.slice(0, value.length - operation.value.length);
}

function unescape(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
