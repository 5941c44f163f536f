import type { Json, Operation } from "./events.ts";
import { ownMember } from "./json.ts";
import { GIVE_UP, PatchWriter } from "./patch-writer.ts";
import { diffRows } from "./rows.ts";

/**
 * The operations between two values of one kind. What both share by identity is not walked; rows of arrays are followed
 * by their ids; nothing is cloned. `undefined` when the operations cost more than the value, or the values are too deep.
 */
export function structuralDiffer(before: Json, after: Json): readonly Operation[] | undefined {
  const writer = new PatchWriter(after);
  try {
    diff(before, after, 0, writer);
    return writer.operations;
  } catch (thrown) {
    // Too deep for the stack, and so surely not too deep for the value to be sent.
    if (thrown === GIVE_UP || thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** Two values at the same place, `depth` steps below the slice. */
function diff(before: Json, after: Json, depth: number, writer: PatchWriter): void {
  if (typeof before === "object" && before !== null && typeof after === "object" && after !== null) {
    if (Array.isArray(before)) {
      if (Array.isArray(after)) {
        diffRows(before, after, depth, writer, diff);
        return;
      }
    } else if (!Array.isArray(after)) {
      diffMembers(before, after, depth, writer);
      return;
    }
  }
  if (before !== after) writer.replace(depth, after);
}

/** From this many members on, their number is remembered: counting them means listing them. */
const MANY_MEMBERS = 64;
const memberCounts = new WeakMap<object, number>();

function diffMembers(
  before: { [key: string]: Json },
  after: { [key: string]: Json },
  depth: number,
  writer: PatchWriter,
): void {
  const keys = Object.keys(after);
  writer.passMembers(keys.length);
  let common = 0;
  for (const key of keys) {
    const value = after[key] as Json;
    const old = ownMember(before, key);
    if (old === undefined) {
      writer.add(depth, key, value);
    } else {
      common++;
      if (old === value) continue;
      writer.enter(depth, key);
      diff(old, value, depth + 1, writer);
    }
  }
  if (keys.length >= MANY_MEMBERS) memberCounts.set(after, keys.length);
  if (memberCounts.get(before) === common) return;
  const oldKeys = Object.keys(before);
  if (oldKeys.length === common) return;
  for (const key of oldKeys) {
    if (ownMember(after, key) === undefined) writer.remove(depth, key);
  }
}
