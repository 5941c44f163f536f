import { StateStreamError, textOf, withCause } from "../support/errors.ts";
import type { Json } from "./types.ts";
import { isDevelopment, warnOnce } from "../support/warn.ts";

/** A value and the JSON it came to, remembered so that what did not change is not walked again. */
export interface Remembered {
  readonly raw: unknown;
  readonly json: Json;
}

/** Sets an own member whatever its name: assigning to `__proto__` would replace the prototype instead. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    (target as Record<string, unknown>)[key] = value;
  }
}

export function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What `JSON.parse(JSON.stringify(value))` gives (ECMA-262, SerializeJSONProperty), without copying what is JSON already
 * and without walking what `previous` knows by identity. `undefined` when JSON would leave the value out.
 *
 * @throws {StateStreamError} `not-serializable`
 */
export function toJson(value: unknown, slice: string, previous?: Remembered): Json | undefined {
  return guarded(value, slice, () =>
    orSerialized(value, slice, () => normalize(value, slice, previous?.raw, previous?.json, false)),
  );
}

/**
 * The same as a private copy that shares no object with the value.
 *
 * @throws {StateStreamError} `not-serializable`
 */
export function copyJson(value: unknown, slice: string): Json | undefined {
  return guarded(value, slice, () =>
    orSerialized(value, slice, () => normalize(value, slice, undefined, undefined, true)),
  );
}

/** Where a value is too deep for our own recursion, the serializer's may still reach its end. */
function orSerialized(value: unknown, slice: string, work: () => Json | undefined): Json | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    let text: string;
    try {
      text = JSON.stringify({ [slice]: value });
    } catch {
      throw error;
    }
    return ownMember(JSON.parse(text) as Members, slice);
  }
}

/** Does `work` on a slice's value, where whatever it throws means that JSON cannot carry the value. */
export function guarded<T>(value: unknown, slice: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StateStreamError) throw cause;
    let why = textOf(cause);
    if (cause instanceof RangeError) why = isCyclic(value) ? "it contains itself" : "it is nested too deeply";
    throw new StateStreamError(
      "not-serializable",
      withCause(`The value of slice "${slice}" cannot be sent as JSON`, why, "The slice keeps its previous value."),
      { slice, cause },
    );
  }
}

/** Tells a cycle from mere depth; only asked once the stack has overflowed. */
function isCyclic(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

/** `raw` and `json` are the value's predecessor and what that came to; `fresh` asks for a copy of every object. */
function normalize(
  given: unknown,
  key: string | number,
  raw: unknown,
  json: Json | undefined,
  fresh: boolean,
): Json | undefined {
  if (typeof given === "object" && given === raw && json !== undefined) return json;
  let value = given;
  // What a toJSON gave says nothing of the members of its object.
  let was = hasToJson(raw) ? undefined : raw;
  if (hasToJson(value)) {
    value = value.toJSON(String(key));
    was = undefined;
  }
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // Adding 0 turns -0 into 0.
      return Number.isFinite(value) ? value + 0 : null;
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return normalizeArray(value, Array.isArray(was) ? was : [], json, fresh);
      return normalizeObject(value, isRecord(was) ? was : {}, json, fresh);
    case "bigint":
      // A program may have given BigInt a toJSON; JSON.stringify knows, and throws where it has not.
      return JSON.parse(JSON.stringify(value)) as Json;
    default:
      return undefined;
  }
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

function normalizeArray(value: unknown[], raw: unknown[], json: Json | undefined, fresh: boolean): Json {
  const known = Array.isArray(json) ? json : [];
  // What was added or removed before them moves rows that are known: they are found from the end.
  const shift = raw.length - value.length;
  let unshifted = value.length;
  if (shift !== 0 && !fresh && raw.length === known.length) {
    while (unshifted > 0 && isObject(value[unshifted - 1]) && value[unshifted - 1] === raw[unshifted - 1 + shift])
      unshifted--;
  }
  let copy: Json[] | undefined = fresh ? [] : undefined;
  for (let index = 0; index < value.length; index++) {
    const item = value[index];
    const place = index < unshifted ? index : index + shift;
    const itemJson = normalize(item, index, raw[place], known[place], fresh) ?? null;
    if (copy === undefined && !Object.is(itemJson, item)) copy = value.slice(0, index) as Json[];
    copy?.push(itemJson);
  }
  return copy ?? (value as Json[]);
}

function normalizeObject(value: object, raw: Record<string, unknown>, json: Json | undefined, fresh: boolean): Json {
  if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt) {
    return normalize(value.valueOf(), "", undefined, undefined, fresh) as Json;
  }
  const members = value as Record<string, unknown>;
  const known: Record<string, Json> = isRecord(json) ? json : {};
  const keys = Object.keys(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  let copy: Record<string, Json> | undefined = fresh ? {} : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    // An instance's getters and toJSON must not be met again by the differ.
    copy = {};
    warnOfCollection(value);
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    const item = members[key];
    const itemJson = normalize(item, key, raw[key], known[key], fresh);
    if (copy === undefined && (itemJson === undefined || !Object.is(itemJson, item))) {
      copy = {};
      for (let before = 0; before < index; before++)
        setOwn(copy, keys[before] as string, members[keys[before] as string]);
    }
    if (copy !== undefined && itemJson !== undefined) setOwn(copy, key, itemJson);
  }
  return copy ?? (value as Record<string, Json>);
}

function warnOfCollection(value: object): void {
  if (!(value instanceof Map || value instanceof Set) || !isDevelopment()) return;
  const name = value instanceof Map ? "Map" : "Set";
  warnOnce(
    name,
    `JSON carries a ${name} as {}: its entries never reach a client. Keep an object or an array in the state.`,
  );
}

type Members = { readonly [key: string]: Json };

/** An own member of a JSON object: never what a prototype has of that name. */
export function ownMember(container: Members, key: string): Json | undefined {
  return Object.hasOwn(container, key) ? container[key] : undefined;
}
