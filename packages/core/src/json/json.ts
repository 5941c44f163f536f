import { StateStreamError, textOf, withCause } from "../support/errors.ts";
import { MAX_DEPTH } from "./depth.ts";
import { objectsInherit } from "./inherited.ts";
import type { Json } from "./types.ts";
import { isLibraryDraft } from "./library-draft.ts";
import { isDevelopment, warnOnce } from "../support/warn.ts";

/** A value and its JSON, kept so that unchanged parts are not walked again. */
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
 * The result of `JSON.parse(JSON.stringify(value))` (ECMA-262, SerializeJSONProperty), without copying what is JSON already
 * and without walking objects that `previous` contains. `undefined` where JSON leaves the value out.
 *
 * @throws {StateStreamError} `not-serializable`
 */
export function toJson(value: unknown, slice: string, previous?: Remembered): Json | undefined {
  const known = objectsInherit() ? undefined : previous;
  return guarded(value, slice, () => normalize(value, slice, known?.raw, known?.json, false, 0));
}

/**
 * The same as a private copy that shares no object with the value.
 *
 * @throws {StateStreamError} `not-serializable`
 */
export function copyJson(value: unknown, slice: string): Json | undefined {
  return guarded(value, slice, () => normalize(value, slice, undefined, undefined, true, 0));
}

/** Does `work` on a slice's value. Whatever that throws means that JSON cannot carry the value. */
export function guarded<T>(value: unknown, slice: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StateStreamError) throw cause;
    let why = textOf(cause);
    if (cause instanceof TooDeep)
      why = isCyclic(value) ? "it contains itself" : `it nests more than ${MAX_DEPTH} arrays and objects`;
    // The message of other RangeErrors, such as that of an invalid Date, is clear enough.
    else if (cause instanceof RangeError && /string length/.test(why))
      why =
        "its text would be longer than the longest string of the runtime, about 512 MB; divide it into several slices";
    throw new StateStreamError(
      "not-serializable",
      withCause(`The value of slice "${slice}" cannot be sent as JSON`, why, "The slice keeps its previous value."),
      { slice, cause },
    );
  }
}

class TooDeep extends RangeError {}

/** Distinguishes a cycle from deep nesting. Called only for a value that is too deep. */
function isCyclic(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

/** `raw` and `json` are the previous value and its JSON; `fresh` copies every object. */
function normalize(
  given: unknown,
  key: string | number,
  raw: unknown,
  json: Json | undefined,
  fresh: boolean,
  depth: number,
): Json | undefined {
  if (typeof given === "object" && given === raw && json !== undefined) return json;
  let value = given;
  // JSON that came from a toJSON does not correspond to the members of its object.
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
      if (depth === MAX_DEPTH) throw new TooDeep();
      if (!fresh && isLibraryDraft(value)) return normalize(value, key, undefined, undefined, true, depth);
      if (Array.isArray(value)) return normalizeArray(value, Array.isArray(was) ? was : [], json, fresh, depth + 1);
      return normalizeObject(value, isRecord(was) ? was : NOTHING, json, fresh, depth + 1);
    case "bigint":
      // A program may have given BigInt a toJSON, which JSON.stringify calls; without one it throws.
      return JSON.parse(JSON.stringify(value)) as Json;
    default:
      return undefined;
  }
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

function normalizeArray(value: unknown[], raw: unknown[], json: Json | undefined, fresh: boolean, depth: number): Json {
  const known = Array.isArray(json) ? json : [];
  // Rows behind an insertion or a removal had another index before: they are matched from the end.
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
    const itemJson = normalize(item, index, raw[place], known[place], fresh, depth) ?? null;
    if (copy === undefined && !Object.is(itemJson, item)) copy = value.slice(0, index) as Json[];
    copy?.push(itemJson);
  }
  return copy ?? (value as Json[]);
}

function normalizeObject(
  value: object,
  raw: Record<string, unknown>,
  json: Json | undefined,
  fresh: boolean,
  depth: number,
): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  if (isPlain ? prototype === null && isRawJson(value) : isBoxed(value))
    return normalize(JSON.parse(JSON.stringify(value)), "", undefined, undefined, fresh, depth) as Json;
  const members = value as Record<string, unknown>;
  const known: Record<string, Json> = isRecord(json) ? json : NOTHING;
  const keys = Object.keys(value);
  let copy: Record<string, Json> | undefined = fresh ? {} : undefined;
  if (!isPlain) {
    // The differ must not run an instance's getters and toJSON again.
    copy = {};
    warnOfCollection(value);
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    const item = members[key];
    const itemJson = isKnown(known, key, item)
      ? normalize(item, key, raw[key], known[key], fresh, depth)
      : normalize(item, key, undefined, undefined, fresh, depth);
    if (copy === undefined && (itemJson === undefined || !Object.is(itemJson, item))) {
      copy = {};
      for (let before = 0; before < index; before++)
        setOwn(copy, keys[before] as string, members[keys[before] as string]);
    }
    if (copy !== undefined && itemJson !== undefined) setOwn(copy, key, itemJson);
  }
  return copy ?? (value as Record<string, Json>);
}

/** Whether the known JSON has this own member. Members of a prototype are functions, never objects. */
function isKnown(known: Record<string, Json>, key: string, item: unknown): boolean {
  if (typeof item !== "object" || item === null || key === "__proto__") return false;
  const json = known[key];
  return typeof json === "object" || (json !== undefined && Object.hasOwn(known, key));
}

/** An object without members, inherited ones included. */
const NOTHING: Record<string, never> = Object.freeze(Object.create(null) as Record<string, never>);

const BOXED = new Set(["Number", "String", "Boolean", "BigInt"].map((name) => `[object ${name}]`));

/** Whether JSON carries the object as the primitive in it. `instanceof` would miss the classes of other realms. */
function isBoxed(value: object): boolean {
  return BOXED.has(Object.prototype.toString.call(value));
}

/** Whether the object is one of `JSON.rawJSON`, whose text JSON.stringify emits as it is. Older runtimes have none. */
function isRawJson(value: object): boolean {
  return (JSON as { isRawJSON?: (value: object) => boolean }).isRawJSON?.(value) === true;
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

/** An own member of a JSON object, never a member of its prototype. */
export function ownMember(container: Members, key: string): Json | undefined {
  return Object.hasOwn(container, key) ? container[key] : undefined;
}
