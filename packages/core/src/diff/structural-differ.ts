import { type Held, jsonOf, rawOf } from "../json/held.ts";
import { objectsInherit } from "../json/inherited.ts";
import type { Json } from "../json/types.ts";
import {
  areSameContainer,
  type Compare,
  type Difference,
  type Step,
  patchDifference,
  valueDifference,
} from "./differ.ts";
import { PatchWriter } from "./patch-writer.ts";
import { Walk } from "./walk.ts";

export interface StructuralOptions {
  /** Members that identify the rows of an array, in the order in which they are tried. */
  readonly rowIds: readonly string[];
  /** Whether a string that grew becomes an `append`. Default: a `replace`, as RFC 6902 has it. */
  readonly appends?: boolean;
}

/** The default comparison. What both values share by identity is not walked, and nothing is cloned. */
export function structuralCompare({ rowIds, appends = false }: StructuralOptions): Compare {
  const step = (before: Held, value: unknown, slice: string, isJson = false): Step | undefined => {
    if (objectsInherit()) return undefined;
    const writer = new PatchWriter(appends);
    const held = new Walk(writer, rowIds, isJson).value(before, value, undefined, slice, 0);
    return held === undefined ? undefined : { held, difference: differenceOf(before, held, writer) };
  };
  const compare = (before: Json, after: Json): Difference | undefined => {
    if (before === after) return undefined;
    try {
      const found = step(before, after, "", true);
      if (found !== undefined) return found.difference;
    } catch (thrown) {
      // A caller may have left too little of the stack for the walk.
      if (!(thrown instanceof RangeError)) throw thrown;
    }
    return valueDifference(after);
  };
  return Object.assign(compare, { step });
}

/** What JSON carries of a value, without looking at what it shares with the one before. `undefined` where JSON leaves it out. */
export function jsonFrom(before: Held, value: unknown, slice: string): Json | undefined {
  const held = new Walk(new PatchWriter(false), [], false, true).value(before, value, undefined, slice, 0);
  return held && jsonOf(held);
}

/** The change of a slice; what differs inside is in the writer. */
function differenceOf(before: Held, held: Held, writer: PatchWriter): Difference | undefined {
  if (areSameContainer(rawOf(before), rawOf(held))) return writer.difference(held);
  const [from, to] = [jsonOf(before), jsonOf(held)];
  if (from === to) return undefined;
  // A slice that is itself a string may have grown.
  const added = writer.grown(from, to);
  return added === undefined
    ? valueDifference(to)
    : patchDifference([{ op: "append", path: "", value: added }], from, to);
}
