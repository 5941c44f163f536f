import type { StateUpdateEvent } from "@statestream/core";

/**
 * The operations of a change as JSON texts, relative to the whole state; `undefined` where a client of AG-UI would refuse
 * them. `isKnown`: the client has the slice.
 */
export function operationsOf(update: StateUpdateEvent, isKnown: boolean): readonly string[] | undefined {
  const path = `/${update.slice.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const operations: readonly { readonly path: string; readonly from?: string }[] =
    update.patches ?? whole(update, path, isKnown);
  const inSlice = update.patches !== undefined;
  const texts: string[] = [];
  for (const operation of operations) {
    const moved = inSlice ? relocate(operation, path) : operation;
    if (isRefused(moved.path) || isRefused(moved.from ?? "")) return undefined;
    texts.push(JSON.stringify(moved));
  }
  return texts;
}

/** A value goes as `add`, since clients refuse a `replace` of what is missing, and as quietly the whole patch with it. */
function whole(update: StateUpdateEvent, path: string, isKnown: boolean): { path: string }[] {
  if (update.removed !== true) return [{ op: "add", path, value: update.value } as { path: string }];
  const remove = { op: "remove", path };
  return isKnown ? [remove] : [{ op: "add", path, value: null } as { path: string }, remove];
}

function relocate<T extends { readonly path: string; readonly from?: string }>(operation: T, path: string): T {
  const moved = { ...operation, path: path + operation.path };
  return operation.from === undefined ? moved : { ...moved, from: path + operation.from };
}

/** What fast-json-patch, which clients of AG-UI use, takes for an attack on prototypes. */
function isRefused(pointer: string): boolean {
  return /(^|\/)__proto__(\/|$)|\/constructor\/prototype(\/|$)/.test(pointer);
}
