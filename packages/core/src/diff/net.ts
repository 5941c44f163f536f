import type { Json, Operation } from "../json/types.ts";
import { Composition } from "./compose.ts";
import { cheaper, type Difference, valueDifference } from "./differ.ts";
import { hasAppend, strictTowards } from "./strict.ts";

/**
 * The one change that stands for several patches of a slice in a row, the last of which led to `after`. `strict`: with the
 * operations of RFC 6902 only. Where the patches cannot be composed so, or cost more, it is the value.
 */
export function netDifference(patches: readonly (readonly Operation[])[], after: Json, strict: boolean): Difference {
  const composition = new Composition();
  for (const operations of patches) composition.add(operations);
  const composed = composition.operations();
  const operations = strict ? strictTowards(composed, after) : composed;
  // A list without operations would leave the slice's version as it is at a client that ignores it.
  if (operations === undefined || operations.length === 0 || operations.some(replacesRoot))
    return valueDifference(after);
  return cheaper(JSON.stringify(operations), after, { appends: hasAppend(operations) });
}

function replacesRoot({ op, path }: Operation): boolean {
  return path === "" && op !== "append";
}
