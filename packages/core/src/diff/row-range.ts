import type { Json } from "../json/types.ts";
import type { Work } from "../json/equal.ts";

/** The part of two arrays that is still to be compared. It begins at `start` in both. */
export interface Range {
  readonly before: readonly Json[];
  readonly after: readonly Json[];
  readonly start: number;
  readonly beforeEnd: number;
  readonly afterEnd: number;
}

/** Whether two rows are equal. The members and rows that were looked at are subtracted from `work`. */
export type Same = (a: Json, b: Json, work?: Work) => boolean;

/** The range without the equal rows at both ends. */
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
