import { setOwn } from "./json.ts";
import { MANY_MEMBERS } from "./member-count.ts";
import type { Json } from "./types.ts";

/** What is held of a value: JSON, or the value itself with what JSON carries in place of some of its members. */
export type Held = Json | Overlay;

/** What JSON carries in place of members, by name: `undefined` where it leaves one out. */
export type Changed = ReadonlyMap<string, Held | undefined>;

/**
 * An object or array that JSON carries with other members than it has, such as one `Date` among thousands of records. It is
 * copied only when its JSON is needed as a whole, so that a change of another member costs no copy.
 */
export class Overlay {
  readonly raw: object;
  /** Of an object: only the members that JSON carries as something else. Of an array: every row. */
  readonly changed: Changed | readonly Held[];
  /** How many members JSON carries. */
  readonly members: number;
  #json: Json | undefined;

  constructor(raw: object, changed: Changed | readonly Held[], members: number) {
    this.raw = raw;
    this.changed = changed;
    this.members = members;
  }

  /** Unlike `instanceof`, this does not look at the prototype, which fails where the value is a revoked proxy. */
  static is(held: unknown): held is Overlay {
    return typeof held === "object" && held !== null && #json in held;
  }

  /** @throws whatever a getter of the value throws */
  get json(): Json {
    this.#json ??= Array.isArray(this.changed) ? this.changed.map(jsonOf) : copyOf(this.raw, this.changed as Changed);
    return this.#json;
  }
}

export function jsonOf(held: Held): Json {
  return Overlay.is(held) ? held.json : held;
}

/** The value itself, or JSON in its place. */
export function rawOf(held: Held): unknown {
  return Overlay.is(held) ? held.raw : held;
}

/** What is held of an object some of whose members JSON carries as something else. */
export function heldObject(raw: object, changed: Changed, members: number): Held {
  const isLarge = members >= MANY_MEMBERS || [...changed.values()].some((held) => Overlay.is(held));
  return isLarge ? new Overlay(raw, changed, members) : copyOf(raw, changed);
}

function copyOf(raw: object, changed: Changed): Json {
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(raw)) {
    const held = changed.has(key) ? changed.get(key) : (raw as Record<string, Json>)[key];
    if (held !== undefined) setOwn(copy, key, jsonOf(held));
  }
  return copy;
}
