import type { Json, Operation } from "../../src/index.ts";

/**
 * Applies operations that are known to fit, by RFC 6902 and the definition of `append` alone: the model's applier, which shares no line with the
 * library's, nor with that of the reference client, and lets no key reach a prototype.
 */
export function applyFitting(document: Json, operations: readonly Operation[]): Json {
  // The document becomes the member "" of a root, so that the whole of it has a place too.
  const root: Json = { "": clone(document) };
  for (const operation of operations) {
    if (operation.op === "test") continue;
    const from = "from" in operation ? operation.from : "";
    const value =
      "value" in operation ? (operation.value as Json) : operation.op === "remove" ? null : read(root, from);
    const kept = operation.op === "append" ? `${read(root, operation.path) as string}${operation.value}` : clone(value);
    if (operation.op === "move") write(root, from, undefined);
    write(
      root,
      operation.path,
      operation.op === "remove" ? undefined : kept,
      operation.op === "replace" || operation.op === "append",
    );
  }
  return root[""] as Json;
}

function write(root: Json, pointer: string, value: Json | undefined, replace = false): void {
  const tokens = tokensOf(pointer);
  const key = tokens.pop() as string;
  const parent = tokens.reduce(member, root);
  if (Array.isArray(parent)) {
    const index = key === "-" ? parent.length : Number(key);
    parent.splice(index, replace || value === undefined ? 1 : 0, ...(value === undefined ? [] : [value]));
  } else if (value === undefined) {
    Reflect.deleteProperty(parent as object, key);
  } else {
    Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
  }
}

function read(root: Json, pointer: string): Json {
  return tokensOf(pointer).reduce(member, root);
}

function member(container: Json, token: string): Json {
  return Object.getOwnPropertyDescriptor(container, token)?.value as Json;
}

function tokensOf(pointer: string): string[] {
  return ["", ...pointer.split("/").slice(1)].map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
