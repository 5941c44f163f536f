import type { Work } from "../json/equal.ts";
import type { Json } from "../json/types.ts";

/** The part of two arrays that is still to be compared. It begins at `start` in both. */
export interface Range<Row = Json> {
  readonly before: readonly Row[];
  readonly after: readonly Row[];
  readonly start: number;
  readonly beforeEnd: number;
  readonly afterEnd: number;
}

/** Whether two rows are equal. The members and rows that were looked at are subtracted from `work`. */
export type Same<Row = Json> = (a: Row, b: Row, work?: Work) => boolean;

/** The range without the equal rows at both ends. */
export function trim<Row>(range: Range<Row>, same: Same<Row>): Range<Row> {
  const { before, after } = range;
  let { start, beforeEnd, afterEnd } = range;
  while (start < beforeEnd && start < afterEnd && same(before[start] as Row, after[start] as Row)) start++;
  while (start < beforeEnd && start < afterEnd && same(before[beforeEnd - 1] as Row, after[afterEnd - 1] as Row)) {
    beforeEnd--;
    afterEnd--;
  }
  return { ...range, start, beforeEnd, afterEnd };
}
