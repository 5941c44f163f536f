import type { Json } from "../json/types.ts";
import { objectsInherit } from "../json/inherited.ts";
import { ownMember } from "../json/json.ts";
import { addedText } from "../json/text-growth.ts";
import {
  areSameContainer,
  cheaper,
  type Compare,
  type Difference,
  patchDifference,
  valueDifference,
} from "./differ.ts";
import { GIVE_UP, PatchWriter, Place, type Step } from "./patch-writer.ts";
import { diffRows, type Walk } from "./rows.ts";

type Members = { readonly [key: string]: Json };

export interface StructuralOptions {
  /** Members that identify the rows of an array, in the order in which they are tried. */
  readonly rowIds: readonly string[];
  /** Whether a string that grew becomes an `append`. Default: a `replace`, as RFC 6902 has it. */
  readonly appends?: boolean;
}

/**
 * The default comparison. What both values share by identity is not walked; rows of arrays are followed by their ids;
 * nothing is cloned; the patch is written as text, since most of it would otherwise be made twice.
 */
export function structuralCompare(options: StructuralOptions): Compare {
  return (before, after) => {
    if (before === after) return undefined;
    if (!areSameContainer(before, after))
      return options.appends === true ? textDifference(before, after) : valueDifference(after);
    const writer = new PatchWriter(after, options.appends === true);
    if (!walk(before, after, options, writer)) return valueDifference(after, writer.valueText);
    const { text, additive, appends, valueBytes, valueText } = writer;
    return text === "" ? undefined : { ...cheaper(text, after, { appends, valueBytes, valueText }), additive };
  };
}

/** A slice that is itself a string may have grown. */
function textDifference(before: Json, after: Json): Difference {
  if (typeof before !== "string" || typeof after !== "string") return valueDifference(after);
  const value = addedText(before, after);
  return value === undefined
    ? valueDifference(after)
    : patchDifference([{ op: "append", path: "", value }], before, after);
}

/** Writes the operations; `false` when the value is to be sent instead. */
function walk(before: Json, after: Json, { rowIds }: StructuralOptions, writer: PatchWriter): boolean {
  if (objectsInherit()) return false;
  const root = new Place(undefined, "");
  const context: Walk = { writer, rowIds, alignments: 0, diff };
  try {
    if (Array.isArray(after)) diffRows(before as Json[], after, root, context);
    else diffMembers(before as Members, after as Members, root, context);
    return true;
  } catch (thrown) {
    // A caller may have left too little of the stack for the walk.
    if (thrown === GIVE_UP || thrown instanceof RangeError) return false;
    throw thrown;
  }
}

/** Compares two values of one member or row. */
function diff(before: Json, after: Json, parent: Place, step: Step, walk: Walk): void {
  if (typeof before === "object" && before !== null && typeof after === "object" && after !== null) {
    if (Array.isArray(before)) {
      if (Array.isArray(after)) return diffRows(before, after, new Place(parent, step), walk);
    } else if (!Array.isArray(after)) {
      return diffMembers(before, after, new Place(parent, step), walk);
    }
  }
  if (before === after) return;
  if (typeof before === "string" && typeof after === "string" && walk.writer.append(parent, step, after, before))
    return;
  walk.writer.replace(parent, step, after);
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
      // The most common difference, without a detour.
      if (isPlainObject(old) && isPlainObject(value) && key !== "__proto__")
        diffMembers(old, value, new Place(place, key), walk);
      else if (diffMember(before, after, place, key, walk)) added++;
    }
  } else {
    // With many members, listing them all is faster than a lookup for each.
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

/** Compares a member that differs; returns whether it is new. */
function diffMember(before: Members, after: Members, place: Place, key: string, walk: Walk): boolean {
  const old = ownMember(before, key);
  const value = after[key] as Json;
  if (old === undefined) {
    walk.writer.add(place, key, value);
    return true;
  }
  if (typeof old === "string" && typeof value === "string") {
    if (!walk.writer.append(place, key, value, old)) walk.writer.replaceText(place, key, value, after, old, before);
  } else diff(old, value, place, key, walk);
  return false;
}

/** How many bytes of JSON a member has at least, beside its name. */
const MEMBER_BYTES = 5;

/** From this many members on, their number is remembered, since counting means listing them. */
const MANY_MEMBERS = 64;
const memberCounts = new WeakMap<object, number>();

function countMembers(object: Members): number {
  let members = 0;
  for (const _ in object) members++;
  if (members >= MANY_MEMBERS) memberCounts.set(object, members);
  return members;
}
