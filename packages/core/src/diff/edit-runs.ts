import type { Json } from "../json/types.ts";
import type { Range, Same } from "./row-range.ts";

/** Rows between rows that stayed, which were replaced by others. */
export interface Run {
  /** Where the run begins in the array before, and how many of its rows it replaces. */
  readonly start: number;
  readonly removed: number;
  /** Where the new rows begin in the array after, and how many there are. */
  readonly afterStart: number;
  readonly added: number;
}

/** With more edits than this, the arrays count as different: finding the fewest edits costs the square of their number. */
const MAX_EDITS = 256;

/** How many members may be compared for each row, on average, with rows that turn out different. */
const MEMBERS_PER_ROW = 64;

/** How often each row may be compared, on average, and be tried for an edit, beside what a walk may spend in all. */
const COMPARISONS_PER_ROW = 8;

/** What the searches of one walk may spend together beyond that: many arrays that differ must not each cost the most. */
export interface Spare {
  left: number;
}

export function newSpare(): Spare {
  return { left: 4 * MAX_EDITS * MAX_EDITS };
}

/**
 * The runs that lead from one array to the other with the fewest rows removed and added, by Myers' greedy algorithm ("An
 * O(ND) difference algorithm and its variations", 1986). Beyond its bounds, one run that covers everything.
 */
export function editRuns(range: Range, same: Same, spare: Spare): Run[] {
  const { start, beforeEnd, afterEnd } = range;
  const everything = { start, removed: beforeEnd - start, afterStart: start, added: afterEnd - start };
  const trace = findEdits(range, same, spare);
  return trace === undefined ? [everything] : runsOf(trace, range);
}

/** For each number of edits, how far each diagonal reaches into the array before; `undefined` beyond the bounds. */
function findEdits(
  { before, after, start, beforeEnd, afterEnd }: Range,
  same: Same,
  spare: Spare,
): Int32Array[] | undefined {
  const rows = beforeEnd - start;
  const others = afterEnd - start;
  const most = Math.min(MAX_EDITS, rows + others);
  let comparisons = COMPARISONS_PER_ROW * (rows + others);
  const isSpent = (): boolean => comparisons-- <= 0 && spare.left-- <= 0;
  const work = { left: MEMBERS_PER_ROW * (rows + others) + MAX_EDITS * MAX_EDITS };
  const trace: Int32Array[] = [];
  let reach = new Int32Array(3);
  for (let edits = 0; edits <= most; edits++) {
    // The diagonals -edits..edits, and one more at both ends.
    const next = new Int32Array(2 * edits + 5);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      if (isSpent()) return undefined;
      let x = step(reach, diagonal, edits);
      let y = x - diagonal;
      while (x < rows && y < others) {
        if (isSpent()) return undefined;
        const { left } = work;
        if (!same(before[start + x] as Json, after[start + y] as Json, work)) break;
        // Equal rows cost nothing: they are met on few diagonals, different ones on all.
        work.left = left;
        x++;
        y++;
      }
      if (work.left < 0) return undefined;
      next[diagonal + edits + 2] = x;
      if (x >= rows && y >= others) {
        trace.push(next);
        return trace;
      }
    }
    trace.push(next);
    reach = next;
  }
  return undefined;
}

/** Where a diagonal begins with so many edits, given where its neighbours ended with one fewer. */
function step(reach: Int32Array, diagonal: number, edits: number): number {
  if (edits === 0) return 0;
  return isAddition(reach, diagonal, edits)
    ? (reach[diagonal + edits + 2] as number)
    : (reach[diagonal + edits] as number) + 1;
}

/** Whether the furthest path onto a diagonal adds a row; otherwise it removes one. `reach` is that of one edit fewer. */
function isAddition(reach: Int32Array, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  if (diagonal === edits) return false;
  return (reach[diagonal + edits] as number) < (reach[diagonal + edits + 2] as number);
}

/** Walks the trace backwards and joins adjacent edits. */
function runsOf(trace: readonly Int32Array[], { start, beforeEnd, afterEnd }: Range): Run[] {
  const runs: Run[] = [];
  let x = beforeEnd - start;
  let y = afterEnd - start;
  for (let edits = trace.length - 1; edits > 0; edits--) {
    const reach = trace[edits - 1] as Int32Array;
    const diagonal = x - y;
    const adds = isAddition(reach, diagonal, edits);
    // Skips the rows that stayed after the edit.
    const endX = step(reach, diagonal, edits);
    x = adds ? endX : endX - 1;
    y = endX - diagonal - (adds ? 1 : 0);
    const last = runs.at(-1);
    const touches = last !== undefined && last.start === endX + start && last.afterStart === endX - diagonal + start;
    if (touches) runs.pop();
    runs.push({
      start: x + start,
      removed: (adds ? 0 : 1) + (touches ? last.removed : 0),
      afterStart: y + start,
      added: (adds ? 1 : 0) + (touches ? last.added : 0),
    });
  }
  return runs.reverse();
}
