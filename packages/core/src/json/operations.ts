import { StateStreamError } from "../support/errors.ts";
import type { Json, Operation } from "./types.ts";
import { jsonEqual } from "./equal.ts";
import { isRecord, ownMember, setOwn } from "./json.ts";

/**
 * Applies a JSON Patch (RFC 6902) without touching the document: what an operation does not reach keeps its identity, so
 * the cost is the paths, not the document. All operations or none. The same document comes back when nothing changed.
 *
 * @throws {StateStreamError} `invalid-patch`, naming the operation.
 */
export function applyOperations(document: Json, operations: readonly Operation[], slice: string): Json {
  const draft = new Draft(document);
  for (const [index, operation] of operations.entries()) {
    try {
      applyOne(draft, operation);
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause;
      throw new StateStreamError(
        "invalid-patch",
        `Operation ${index} (${JSON.stringify(operation)}) does not fit slice "${slice}": ${cause.message}. None was applied.`,
        { slice },
      );
    }
  }
  return draft.root;
}

/** Whether an operation names a member that appliers refuse, or follow to a prototype. */
export function namesPrototype(operations: readonly Operation[]): boolean {
  return operations.some(
    (operation) => leadsToPrototype(operation.path) || ("from" in operation && leadsToPrototype(operation.from)),
  );
}

/** Whether what comes of operations may equal what they were applied to without being it: one undoes another, say. */
export function mayCancelOut(operations: readonly Operation[]): boolean {
  return operations.length > 1 || operations[0]?.op === "move";
}

function leadsToPrototype(pointer: string): boolean {
  // Nearly no path has these words in it; only those that have are taken apart.
  if (!pointer.includes("__proto__") && !pointer.includes("/constructor/prototype")) return false;
  const tokens = pointer.split("/");
  return tokens.some(
    (token, index) => token === "__proto__" || (token === "prototype" && tokens[index - 1] === "constructor"),
  );
}

class Misfit extends Error {}

/** A document being edited: containers on the way to a change are copied once, then owned. */
class Draft {
  root: Json;
  readonly #owned = new Set<Json>();

  constructor(root: Json) {
    this.root = root;
  }

  read(tokens: readonly string[]): Json {
    return tokens.reduce(member, this.root);
  }

  /** The container of the last token, safe to write to. */
  container(tokens: readonly string[]): Json {
    this.root = this.#own(this.root);
    let container = this.root;
    for (const token of tokens.slice(0, -1)) {
      const owned = this.#own(member(container, token));
      setOwn(container as object, token, owned);
      container = owned;
    }
    return container;
  }

  /** A value that is about to stand in two places: an edit of one must not be seen in the other. */
  shared(value: Json): Json {
    this.#owned.clear();
    return value;
  }

  #own(value: Json): Json {
    if (typeof value !== "object" || value === null || this.#owned.has(value)) return value;
    const copy = Array.isArray(value) ? value.slice() : { ...value };
    this.#owned.add(copy);
    return copy;
  }
}

function applyOne(draft: Draft, operation: Operation): void {
  if (!isRecord(operation)) throw new Misfit("it is not an object");
  switch (operation.op) {
    case "add":
      return put(draft, operation.path, valueOf(operation), true);
    case "replace":
      return put(draft, operation.path, valueOf(operation), false);
    case "remove":
      return remove(draft, tokensOf(operation.path));
    case "copy":
      return put(draft, operation.path, draft.shared(draft.read(tokensOf(operation.from))), true);
    case "move": {
      const from = tokensOf(operation.from);
      const to = tokensOf(operation.path);
      const value = draft.read(from);
      if (to.length > from.length && from.every((token, index) => token === to[index]))
        throw new Misfit("it moves a value into itself");
      if (operation.path === operation.from) return;
      remove(draft, from);
      return put(draft, operation.path, value, true);
    }
    case "test":
      if (!jsonEqual(draft.read(tokensOf(operation.path)), valueOf(operation))) throw new Misfit("the test fails");
      return;
    default:
      throw new Misfit("its op is unknown");
  }
}

/** What reaches this has been JSON already, cloned from a caller or parsed from the wire. */
function valueOf(operation: { readonly value: unknown }): Json {
  if (!Object.hasOwn(operation, "value")) throw new Misfit("it has no value");
  return operation.value as Json;
}

function put(draft: Draft, pointer: string, value: Json, add: boolean): void {
  const tokens = tokensOf(pointer);
  const last = tokens.at(-1);
  if (last === undefined) {
    if (!jsonEqual(draft.root, value)) draft.root = value;
    return;
  }
  const parent = draft.read(tokens.slice(0, -1));
  if (Array.isArray(parent)) {
    const index = last === "-" && add ? parent.length : indexOf(last, parent.length + (add ? 1 : 0));
    if (add || !jsonEqual(parent[index], value)) (draft.container(tokens) as Json[]).splice(index, add ? 0 : 1, value);
    return;
  }
  if (!isRecord(parent) || !(add || Object.hasOwn(parent, last))) throw new Misfit("its path leads nowhere");
  if (!jsonEqual(ownMember(parent, last), value)) setOwn(draft.container(tokens) as object, last, value);
}

function remove(draft: Draft, tokens: readonly string[]): void {
  const last = tokens.at(-1);
  if (last === undefined) throw new Misfit("it would leave nothing; remove the slice instead");
  draft.read(tokens);
  const container = draft.container(tokens);
  if (Array.isArray(container)) container.splice(Number(last), 1);
  else delete (container as Record<string, Json>)[last];
}

/** One step of a JSON Pointer (RFC 6901, section 4), through own members only. */
function member(container: Json, token: string): Json {
  if (Array.isArray(container)) return container[indexOf(token, container.length)] as Json;
  if (!isRecord(container) || !Object.hasOwn(container, token)) throw new Misfit("its path leads nowhere");
  return container[token] as Json;
}

function indexOf(token: string, length: number): number {
  const index = /^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1;
  if (index < 0 || index >= length) throw new Misfit(`"${token}" is no index below ${length}`);
  return index;
}

function tokensOf(pointer: string): string[] {
  if (pointer === "") return [];
  if (typeof pointer !== "string" || !pointer.startsWith("/") || /~(?![01])/.test(pointer)) {
    throw new Misfit("its path is no JSON Pointer");
  }
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
