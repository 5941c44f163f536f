import { StateStreamError } from "./errors.ts";
import type { Json, Operation } from "./events.ts";
import { ownMember } from "./json.ts";
import { GIVE_UP, OperationWriter, TextWriter, type PatchWriter } from "./patch-writer.ts";
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
  const patches = walk(before, after, rowIds, writer) ? writer.text : undefined;
  return { patches, valueBytes: writer.valueBytes, valueText: writer.valueText };
}

/** Whether the operations are all there; else the value is to be sent. */
function walk(before: Json, after: Json, rowIds: readonly string[], writer: PatchWriter): boolean {
  if (objectsInherit()) return false;
  try {
    diff(before, after, 0, { writer, rowIds, alignments: 0, diff });
    return true;
  } catch (thrown) {
    // Too deep for the stack, which the serializer may take all the same.
    if (thrown === GIVE_UP || thrown instanceof RangeError) return false;
    throw thrown;
  }
}

/** Whether a program has given every object members, which `for ... in` would take for their own. */
function objectsInherit(): boolean {
  for (const _ in Object.prototype) return true;
  return false;
}

/** Two values at the same place, `depth` steps below the slice. */
function diff(before: Json, after: Json, depth: number, walk: Walk): void {
  if (typeof before === "object" && before !== null && typeof after === "object" && after !== null) {
    if (Array.isArray(before)) {
      if (Array.isArray(after)) return diffRows(before, after, depth, walk);
    } else if (!Array.isArray(after)) {
      return diffMembers(before, after, depth, walk);
    }
  }
  if (before !== after) walk.writer.replace(depth, after);
}

function diffMembers(before: Members, after: Members, depth: number, walk: Walk): void {
  const { writer } = walk;
  let members = 0;
  let added = 0;
  for (const key in after) {
    members++;
    writer.valueBytes += 5;
    const value = after[key] as Json;
    const old = before[key] as Json | undefined;
    if (old === value) continue;
    if (typeof old === "object" && old !== null && key !== "__proto__") {
      writer.enter(depth, key);
      diff(old, value, depth + 1, walk);
    } else if (ownMember(before, key) === undefined) {
      added++;
      writer.add(depth, key, value);
    } else {
      writer.enter(depth, key);
      if (typeof value === "string" && typeof old === "string") writer.replaceText(depth + 1, value, after, old, before);
      else diff(ownMember(before, key) as Json, value, depth + 1, walk);
    }
  }
  if (members >= MANY_MEMBERS) memberCounts.set(after, members);
  if (countMembers(before, members) === members - added) return;
  for (const key in before) {
    if (ownMember(after, key) === undefined) writer.remove(depth, key);
  }
}

/** From this many members on, their number is remembered: counting them means listing them. */
const MANY_MEMBERS = 64;
const memberCounts = new WeakMap<object, number>();

function countMembers(object: Members, about: number): number {
  if (about >= MANY_MEMBERS) return memberCounts.get(object) ?? Object.keys(object).length;
  let count = 0;
  for (const _ in object) count++;
  return count;
}
