import { editRuns } from "./edit-runs.ts";
import type { Json } from "../json/types.ts";
import { jsonEqual, type Work } from "../json/equal.ts";
import { isRecord } from "../json/json.ts";
import type { PatchWriter, Place, Step } from "./patch-writer.ts";
import { idOf, matchById, placeRows } from "./row-ids.ts";
import { type Range, type Same, trim } from "./row-range.ts";

/** A walk over two values. */
export interface Walk {
  readonly writer: PatchWriter;
  readonly rowIds: readonly string[];
  /** How many arrays around this place compare their rows by value. */
  alignments: number;
  diff(before: Json, after: Json, parent: Place, step: Step, walk: Walk): void;
}

/**
 * How many arrays inside one another compare their rows by value. Deeper, rows are equal only by identity: otherwise each
 * level would compare all levels below it again.
 */
const MAX_ALIGNMENTS = 4;

/**
 * Finds the rows of an array that were added, removed and moved, then the changes inside the rows that stayed. Rows are
 * followed by their ids where they have any, otherwise by their values.
 */
export function diffRows(before: readonly Json[], after: readonly Json[], place: Place, walk: Walk): void {
  const { writer } = walk;
  writer.valueBytes += 2 * after.length;
  place.rows = after.length;
  const shared = trim({ before, after, start: 0, beforeEnd: before.length, afterEnd: after.length }, isSame);
  if (finishEnds(shared, place, writer)) return;
  const same = walk.alignments < MAX_ALIGNMENTS ? rowsEqual : isSame;
  const range = same === isSame ? shared : trim(shared, same);
  if (range !== shared && finishEnds(range, place, writer)) return;
  walk.alignments++;
  diffRange(range, same, place, walk);
  walk.alignments--;
}

function diffRange(range: Range, same: Same, place: Place, walk: Walk): void {
  const { before, after, start, beforeEnd, afterEnd } = range;
  if (beforeEnd - start === 1 && afterEnd - start === 1) return diffRow(range, start, start, place, walk);
  if (isRecord(before[start]) && isRecord(after[start])) {
    for (const member of walk.rowIds) {
      if (haveSameIds(range, member)) return diffInPlace(range, place, walk);
      const match = matchById(range, member);
      if (match === undefined) continue;
      placeRows(range, match, place, walk.writer);
      for (let index = 0; index < match.origins.length; index++) {
        const origin = match.origins[index] as number;
        if (origin >= 0) diffRow(range, origin, start + index, place, walk);
      }
      return;
    }
  }
  diffRuns(range, same, place, walk);
}

/** The differ has made sure that objects inherit nothing. */
function rowsEqual(a: Json, b: Json, work?: Work): boolean {
  return jsonEqual(a, b, work, 0, false);
}

function isSame(a: Json, b: Json): boolean {
  return a === b;
}

/** Where one side is exhausted, the rest of the other was added or removed. */
function finishEnds({ after, start, beforeEnd, afterEnd }: Range, place: Place, writer: PatchWriter): boolean {
  if (start < beforeEnd && start < afterEnd) return false;
  for (let index = beforeEnd - 1; index >= start; index--) writer.remove(place, index);
  for (let index = start; index < afterEnd; index++) writer.add(place, index, after[index] as Json);
  return true;
}

function haveSameIds({ before, after, start, beforeEnd, afterEnd }: Range, member: string): boolean {
  if (beforeEnd !== afterEnd) return false;
  for (let index = start; index < beforeEnd; index++) {
    if (before[index] === after[index]) continue;
    const id = idOf(before[index], member);
    if (id === undefined || id !== idOf(after[index], member)) return false;
  }
  return true;
}

function diffInPlace(range: Range, place: Place, walk: Walk): void {
  for (let index = range.start; index < range.beforeEnd; index++) diffRow(range, index, index, place, walk);
}

function diffRow({ before, after }: Range, from: number, to: number, place: Place, walk: Walk): void {
  if (before[from] !== after[to]) walk.diff(before[from] as Json, after[to] as Json, place, to, walk);
}

/** Rows without ids: in each run they are paired one by one, and the rest was added or removed. */
function diffRuns(range: Range, same: Same, place: Place, walk: Walk): void {
  const { writer } = walk;
  // From the end, so that operations on later rows do not shift earlier ones.
  for (const { start, removed, afterStart, added } of editRuns(range, same).reverse()) {
    const changed = Math.min(removed, added);
    for (let index = start + removed - 1; index >= start + changed; index--) writer.remove(place, index);
    for (let index = changed; index < added; index++) {
      writer.add(place, start + index, range.after[afterStart + index] as Json);
    }
    for (let index = 0; index < changed; index++) {
      const row = range.after[afterStart + index] as Json;
      walk.diff(range.before[start + index] as Json, row, place, start + index, walk);
    }
  }
}
