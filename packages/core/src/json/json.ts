import { StateStreamError, textOf, withCause } from "../support/errors.ts";
import { MAX_DEPTH } from "./depth.ts";
import { rememberCount } from "./member-count.ts";
import type { Json } from "./types.ts";
import { isLibraryDraft } from "./library-draft.ts";
import { isDevelopment, warnOnce } from "../support/warn.ts";

/** Sets an own member whatever its name: assigning to `__proto__` would replace the prototype instead. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    (target as Record<string, unknown>)[key] = value;
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

/**
 * The result of `JSON.parse(JSON.stringify(value))` (ECMA-262, SerializeJSONProperty), without copying what is JSON already.
 * `undefined` where JSON leaves the value out.
 *
 * @throws {StateStreamError} `not-serializable`
 */
export function toJson(value: unknown, slice: string): Json | undefined {
  return guarded(value, slice, () => jsonAt(value, slice, 0));
}

/**
 * The same as a private copy that shares no object with the value.
 *
 * @throws {StateStreamError} `not-serializable`
 */
export function copyJson(value: unknown, slice: string): Json | undefined {
  return guarded(value, slice, () => jsonAt(value, slice, 0, true));
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

/**
 * Whether JSON carries an object as an object with the same members, or an array as one with the same rows. Whether it
 * carries those as they are is another question.
 */
export function isPlain(value: object): boolean {
  if (!Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && (prototype !== null || isRawJson(value))) return false;
  }
  return !hasToJson(value) && !isLibraryDraft(value);
}

/** Whether a value is its own JSON where the one before was the same: not where both were left out, or -0 meets 0. */
export function isSettled(value: unknown, key?: string): boolean {
  if (typeof value === "number") return value - value === 0 && !Object.is(value, -0);
  return typeof value === "object" ? key !== "__proto__" : typeof value === "string" || typeof value === "boolean";
}

/** @throws {RangeError} where a container inside so many others would be too deep */
export function checkDepth(depth: number): void {
  if (depth === MAX_DEPTH) throw new TooDeep();
}

/**
 * The same inside so many arrays and objects; what it throws is for `guarded`. `key`: what the value's toJSON is called with.
 * `fresh` copies every object.
 */
export function jsonAt(given: unknown, key: string | number, depth: number, fresh = false): Json | undefined {
  const value: unknown = hasToJson(given) ? given.toJSON(String(key)) : given;
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // Adding 0 turns -0 into 0.
      return Number.isFinite(value) ? value + 0 : null;
    case "object":
      if (value === null) return null;
      checkDepth(depth);
      if (!fresh && isLibraryDraft(value)) return jsonAt(value, key, depth, true);
      return Array.isArray(value) ? listJson(value, depth + 1, fresh) : objectJson(value, depth + 1, fresh);
    case "bigint":
      // A program may have given BigInt a toJSON, which JSON.stringify calls; without one it throws.
      return JSON.parse(JSON.stringify(value)) as Json;
    default:
      return undefined;
  }
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  if (!isObject(value) && typeof value !== "function") return false;
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

function listJson(value: unknown[], depth: number, fresh: boolean): Json {
  let copy: Json[] | undefined = fresh ? [] : undefined;
  for (let index = 0; index < value.length; index++) {
    const item = value[index];
    const json = jsonAt(item, index, depth, fresh) ?? null;
    if (copy === undefined && !Object.is(json, item)) copy = value.slice(0, index) as Json[];
    copy?.push(json);
  }
  return copy ?? (value as Json[]);
}

function objectJson(value: object, depth: number, fresh: boolean): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  if (isPlain ? prototype === null && isRawJson(value) : isBoxed(value))
    return jsonAt(JSON.parse(JSON.stringify(value)), "", depth, fresh) as Json;
  const members = value as Record<string, unknown>;
  const keys = Object.keys(value);
  let copy: Record<string, Json> | undefined = fresh ? {} : undefined;
  if (!isPlain) {
    // The differ must not run an instance's getters and toJSON again.
    copy = {};
    warnOfCollection(value);
  }
  let count = keys.length;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    const item = members[key];
    const json = jsonAt(item, key, depth, fresh);
    if (json === undefined) count--;
    if (copy === undefined && (json === undefined || !Object.is(json, item))) {
      copy = {};
      for (let before = 0; before < index; before++)
        setOwn(copy, keys[before] as string, members[keys[before] as string]);
    }
    if (copy !== undefined && json !== undefined) setOwn(copy, key, json);
  }
  const result = copy ?? (value as Record<string, Json>);
  rememberCount(result, count);
  return result;
}

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
export function ownMember(container: object, key: string): Json | undefined {
  return Object.hasOwn(container, key) ? (container as Members)[key] : undefined;
}
