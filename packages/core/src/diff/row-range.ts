import type { Json } from "../json/types.ts";
import type { Work } from "../json/equal.ts";

/** The part of two arrays that is still to be told apart: it begins at `start` in both. */
export interface Range {
  readonly before: readonly Json[];
  readonly after: readonly Json[];
  readonly start: number;
  readonly beforeEnd: number;
  readonly afterEnd: number;
}

/** Whether two rows are the same. What it looked at is taken off `work`. */
export type Same = (a: Json, b: Json, work?: Work) => boolean;

/** Leaves out the rows at both ends that are the same. */
export function trim(range: Range, same: Same): Range {
  const { before, after } = range;
  let { start, beforeEnd, afterEnd } = range;
  while (start < beforeEnd && start < afterEnd && same(before[start] as Json, after[start] as Json)) start++;
  while (start < beforeEnd && start < afterEnd && same(before[beforeEnd - 1] as Json, after[afterEnd - 1] as Json)) {
    beforeEnd--;
    afterEnd--;
  }
  return { before, after, start, beforeEnd, afterEnd };
}
