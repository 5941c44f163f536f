import { StateStreamError } from "../support/errors.ts";
import type { Json, Operation } from "../json/types.ts";
import { isObject, ownMember } from "../json/json.ts";
import { GIVE_UP, OperationWriter, type PatchWriter, Place, type Step, TextWriter } from "./patch-writer.ts";
import { diffRows, type Walk } from "./rows.ts";

type Members = { readonly [key: string]: Json };
type StructuralDiffer = (before: Json, after: Json) => readonly Operation[] | undefined;

export interface StructuralDifferOptions {
  /**
   * Members that tell the rows of an array apart, in the order in which they are tried: the first that every row has,
   * each with another string or number, is the one by which rows are followed. An empty list follows none. Default:
   * `["id", "_id", "key", "uuid", "name"]`.
   */
  rowIds?: readonly string[];
}

/** The row ids of every structural differ: where it is ours, its patch is written as text at once. */
const rowIdsOf = new WeakMap<StructuralDiffer, readonly string[]>();

/**
 * A differ like `structuralDiffer` that follows rows by other members.
 *
 * @throws {StateStreamError} `invalid-option` where `rowIds` is no list of names
 */
export function createStructuralDiffer(options: StructuralDifferOptions = {}): StructuralDiffer {
  const { rowIds = ["id", "_id", "key", "uuid", "name"] } = options;
  if (!Array.isArray(rowIds) || !rowIds.every((name) => typeof name === "string"))
    throw new StateStreamError("invalid-option", 'The option rowIds must be a list of names, such as ["id", "sku"].');
  const ids = [...rowIds] as readonly string[];
  const differ: StructuralDiffer = (before, after) => {
    const writer = new OperationWriter(after);
    return walk(before, after, ids, writer) ? writer.operations : undefined;
  };
  rowIdsOf.set(differ, ids);
  return differ;
}

/**
 * The operations between two values of one kind. What both share by identity is not walked; rows of arrays are followed
 * by their ids (see `createStructuralDiffer`); nothing is cloned. `undefined` when the operations cost more than the
 * value, or the values are too deep.
 */
export const structuralDiffer: StructuralDiffer = createStructuralDiffer();

/** What a structural differ finds, as JSON text. */
export interface WrittenPatch {
  /** The JSON Patch, empty when nothing changed; `undefined` when the value is to be sent. */
  readonly patches: string | undefined;
  /** Bytes of JSON that the value has at least. */
  readonly valueBytes: number;
  /** The value's JSON, where it was needed on the way. */
  readonly valueText: string | undefined;
}

/** `undefined` for a differ that is not structural. */
export function writePatch(differ: StructuralDiffer, before: Json, after: Json): WrittenPatch | undefined {
  const rowIds = rowIdsOf.get(differ);
  if (rowIds === undefined) return undefined;
  const writer = new TextWriter(after);
  const isWhole = walk(before, after, rowIds, writer);
  const patches = writer.text === "" ? "" : `${writer.text}]`;
  return { patches: isWhole ? patches : undefined, valueBytes: writer.valueBytes, valueText: writer.valueText };
}

/** Whether the operations are all there; else the value is to be sent. */
function walk(before: Json, after: Json, rowIds: readonly string[], writer: PatchWriter): boolean {
  if (!isObject(before) || !isObject(after) || Array.isArray(before) !== Array.isArray(after)) return before === after;
  if (objectsInherit()) return false;
  const root = new Place(undefined, "");
  const context: Walk = { writer, rowIds, alignments: 0, diff };
  try {
    if (Array.isArray(after)) diffRows(before as Json[], after, root, context);
    else diffMembers(before as Members, after as Members, root, context);
    return true;
  } catch (thrown) {
    // Too deep for the stack, which the serializer may take all the same.
    if (thrown === GIVE_UP || thrown instanceof RangeError) return false;
    throw thrown;
  }
}

/** Whether a program has given every object members, which `for ... in` would take for their own. */
function objectsInherit(): boolean {
  for (const _ in EMPTY) return true;
  return false;
}

const EMPTY = {};

/** Two values of one member or row. */
function diff(before: Json, after: Json, parent: Place, step: Step, walk: Walk): void {
  if (typeof before === "object" && before !== null && typeof after === "object" && after !== null) {
    if (Array.isArray(before)) {
      if (Array.isArray(after)) return diffRows(before, after, new Place(parent, step), walk);
    } else if (!Array.isArray(after)) {
      return diffMembers(before, after, new Place(parent, step), walk);
    }
  }
  if (before !== after) walk.writer.replace(parent, step, after);
}

function diffMembers(before: Members, after: Members, place: Place, walk: Walk): void {
  const { writer } = walk;
  const known = memberCounts.get(before);
  let members = 0;
  let added = 0;
  if (known === undefined) {
    for (const key in after) {
      members++;
      writer.valueBytes += key.length + MEMBER_BYTES;
      const old = before[key];
      const value = after[key];
      if (old === value) continue;
      // What most members that differ are, without a detour.
      if (isPlainObject(old) && isPlainObject(value) && key !== "__proto__")
        diffMembers(old, value, new Place(place, key), walk);
      else if (diffMember(before, after, place, key, walk)) added++;
    }
  } else {
    // Of many members, a list is made faster than each is asked for whether it is still there.
    const keys = Object.keys(after);
    members = keys.length;
    writer.valueBytes += MEMBER_BYTES * members;
    for (const key of keys) {
      if (before[key] !== after[key] && diffMember(before, after, place, key, walk)) added++;
    }
  }
  if (members >= MANY_MEMBERS) memberCounts.set(after, members);
  if ((known ?? countMembers(before)) === members - added) return;
  for (const key in before) {
    if (ownMember(after, key) === undefined) writer.remove(place, key);
  }
}

function isPlainObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is not the same; returns whether it is new. */
function diffMember(before: Members, after: Members, place: Place, key: string, walk: Walk): boolean {
  const old = ownMember(before, key);
  const value = after[key] as Json;
  if (old === undefined) {
    walk.writer.add(place, key, value);
    return true;
  }
  if (typeof old === "string" && typeof value === "string")
    walk.writer.replaceText(place, key, value, after, old, before);
  else diff(old, value, place, key, walk);
  return false;
}

/** What a member costs at least beside its name, in bytes of JSON. */
const MEMBER_BYTES = 5;

/** From this many members on, their number is remembered: counting them means listing them. */
const MANY_MEMBERS = 64;
const memberCounts = new WeakMap<object, number>();

function countMembers(object: Members): number {
  let members = 0;
  for (const _ in object) members++;
  if (members >= MANY_MEMBERS) memberCounts.set(object, members);
  return members;
}
