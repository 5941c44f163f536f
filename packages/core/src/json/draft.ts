import { jsonEqual } from "./equal.ts";
import type { Growth } from "./growth.ts";
import { isObject, isRecord, ownMember, setOwn } from "./json.ts";
import { tokensOf } from "./pointer.ts";
import type { Json, Operation } from "./types.ts";

/** Thrown where an operation does not fit the document. */
export class Misfit extends Error {}

/** A document under edit: containers on the way to a change are copied once, then edited in place. */
export class Draft {
  root: Json;
  readonly #growth: Growth | undefined;
  /** The copies, which nothing outside the draft refers to. */
  readonly #owned = new Set<Json>();

  constructor(root: Json, growth?: Growth) {
    this.root = root;
    this.#growth = growth;
  }

  /** @throws {Misfit} */
  apply(operation: Operation): void {
    if (!isRecord(operation)) throw new Misfit("it is not an object");
    switch (operation.op) {
      case "add":
        return this.#putNew(operation.path, valueOf(operation), true);
      case "replace":
        return this.#putNew(operation.path, valueOf(operation), false);
      case "remove":
        return this.#remove(parse(operation.path));
      case "copy":
        return this.#copy(this.read(operation.from), operation.path);
      case "move":
        return this.#move(operation.from, operation.path);
      case "test":
        if (!jsonEqual(this.read(operation.path), valueOf(operation))) throw new Misfit("the test fails");
        return;
      case "append":
        return this.#append(operation.path, valueOf(operation));
      default:
        throw new Misfit("its op is unknown");
    }
  }

  /** @throws {Misfit} */
  read(path: string): Json {
    return this.#at(parse(path));
  }

  #at(tokens: readonly string[]): Json {
    return tokens.reduce(member, this.root);
  }

  /** Puts a value that was not at that depth before. */
  #putNew(path: string, value: Json, add: boolean): void {
    const tokens = parse(path);
    refuse(this.#growth?.nest(value, tokens.length));
    this.#put(tokens, value, add);
  }

  #put(tokens: readonly string[], value: Json, add: boolean): void {
    const last = tokens.at(-1);
    if (last === undefined) {
      if (!jsonEqual(this.root, value)) this.root = value;
      return;
    }
    const parent = this.#at(tokens.slice(0, -1));
    if (Array.isArray(parent)) {
      const index = last === "-" && add ? parent.length : indexOf(last, parent.length + (add ? 1 : 0));
      if (add || !jsonEqual(parent[index], value))
        (this.#container(tokens) as Json[]).splice(index, add ? 0 : 1, value);
      return;
    }
    if (!isRecord(parent) || !(add || Object.hasOwn(parent, last))) throw new Misfit("its path leads nowhere");
    if (!jsonEqual(ownMember(parent, last), value)) setOwn(this.#container(tokens) as object, last, value);
  }

  #remove(tokens: readonly string[]): void {
    const last = tokens.at(-1);
    if (last === undefined) throw new Misfit("it would leave nothing; remove the slice instead");
    this.#at(tokens);
    const container = this.#container(tokens);
    if (Array.isArray(container)) container.splice(Number(last), 1);
    else delete (container as Record<string, Json>)[last];
  }

  #copy(value: Json, path: string): void {
    refuse(this.#growth?.copy(value));
    // The value will stand in two places: an edit of one must not be seen in the other.
    this.#owned.clear();
    this.#putNew(path, value, true);
  }

  #move(from: string, path: string): void {
    const source = parse(from);
    const target = parse(path);
    const value = this.#at(source);
    if (target.length > source.length && source.every((token, index) => token === target[index]))
      throw new Misfit("it moves a value into itself");
    if (path === from) return;
    if (target.length > source.length) refuse(this.#growth?.nest(value, target.length));
    this.#remove(source);
    this.#put(target, value, true);
  }

  #append(path: string, value: Json): void {
    const tokens = parse(path);
    const text = this.#at(tokens);
    if (typeof text !== "string") throw new Misfit("its target is not a string");
    if (typeof value !== "string") throw new Misfit("its value is not a string");
    this.#growth?.append(text, value);
    if (value !== "") this.#put(tokens, text + value, false);
  }

  /** The container of the last token, safe to write to. */
  #container(tokens: readonly string[]): Json {
    this.root = this.#own(this.root);
    let container = this.root;
    for (const token of tokens.slice(0, -1)) {
      const owned = this.#own(member(container, token));
      setOwn(container as object, token, owned);
      container = owned;
    }
    return container;
  }

  #own(value: Json): Json {
    if (!isObject(value) || this.#owned.has(value)) return value;
    const copy = Array.isArray(value) ? value.slice() : { ...value };
    this.#owned.add(copy);
    return copy;
  }
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new Misfit(reason);
}

/** The value has been JSON already: cloned from a caller's, or parsed from the wire. */
function valueOf(operation: { readonly value: unknown }): Json {
  if (!Object.hasOwn(operation, "value")) throw new Misfit("it has no value");
  return operation.value as Json;
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

function parse(pointer: string): string[] {
  const tokens = tokensOf(pointer);
  if (tokens === undefined) throw new Misfit("its path is no JSON Pointer");
  return tokens;
}
