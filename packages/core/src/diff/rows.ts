import { type Held, jsonOf, Overlay } from "../json/held.ts";
import { jsonEqual } from "../json/equal.ts";
import { isObject, isSettled, jsonAt } from "../json/json.ts";
import type { Json } from "../json/types.ts";
import { editRuns } from "./edit-runs.ts";
import type { Place } from "./patch-writer.ts";
import { idOf, type Match, matchById, placeRows } from "./row-ids.ts";
import { type Range, type Same, trim } from "./row-range.ts";
import type { Walk } from "./walk.ts";

/**
 * How many arrays inside one another compare their rows by value. Deeper, rows are equal only by identity: otherwise each
 * level would compare all levels below it again.
 */
const MAX_ALIGNMENTS = 4;

/** What is held of an array in place of another. Finds the rows that were added, removed and moved, and what changed in others. */
export function diffList(before: Held, value: readonly unknown[], place: Place, depth: number, walk: Walk): Held {
  const isOverlay = Overlay.is(before);
  /** The rows before, whose JSON is `known`. */
  const old = (isOverlay ? before.raw : before) as readonly unknown[];
  const known = (isOverlay ? before.changed : before) as readonly Held[];
  walk.writer.valueBytes += 2 * value.length;
  place.rows = value.length;
  const all = { before: old, after: value, start: 0, beforeEnd: old.length, afterEnd: value.length };
  const range = trim(all, isSameRow);
  const rows = isInPlace(range, walk)
    ? diffInPlace(range, known, place, depth, walk)
    : align(range, known, place, depth, walk);
  if (rows === undefined && !isOverlay) return value as Json[];
  const { start, beforeEnd, afterEnd } = range;
  const middle = rows ?? (value.slice(start, afterEnd) as Json[]);
  return new Overlay(value, known.slice(0, start).concat(middle, known.slice(beforeEnd)), value.length);
}

/** Whether both rows are the same, and JSON. */
const isSameRow: Same<unknown> = (old, row) => old === row && isSettled(row);

/** The walk has made sure that objects inherit nothing. */
const isEqualRow: Same = (old, row, work) => jsonEqual(old, row, work, 0, false);

/** Whether each row takes the place of the one with its index. */
function isInPlace(range: Range<unknown>, { rowIds }: Walk): boolean {
  const { start, beforeEnd, afterEnd } = range;
  if (beforeEnd !== afterEnd) return false;
  if (afterEnd - start < 2) return true;
  for (const member of rowIds) {
    if (haveSameIds(range, member)) return true;
    // The first member that identifies the rows decides: by a later one, rows that moved would count as changed.
    if (matchById(range, member) !== undefined) return false;
  }
  return shareNothing(range);
}

function haveSameIds({ before, after, start, afterEnd }: Range<unknown>, member: string): boolean {
  for (let index = start; index < afterEnd; index++) {
    if (before[index] === after[index]) continue;
    const id = idOf(after[index], member);
    if (id === undefined || id !== idOf(before[index], member)) return false;
  }
  return true;
}

/**
 * Whether no row that is new at its place was at the place of another such row, so that no alignment keeps more of them.
 * Only of strings, numbers, booleans and null.
 */
function shareNothing({ before, after, start, afterEnd }: Range<unknown>): boolean {
  const gone = new Set<unknown>();
  for (let index = start; index < afterEnd; index++) {
    const row = after[index];
    if (isObject(row) || !isSettled(row)) return false;
    if (row !== before[index]) gone.add(before[index]);
  }
  for (let index = start; index < afterEnd; index++)
    if (after[index] !== before[index] && gone.has(after[index])) return false;
  return true;
}

/** What is held of the rows of the range; `undefined` where that is the rows themselves. */
function diffInPlace(
  { before, after, start, afterEnd }: Range<unknown>,
  known: readonly Held[],
  place: Place,
  depth: number,
  walk: Walk,
): Held[] | undefined {
  let rows: Held[] | undefined;
  for (let index = start; index < afterEnd; index++) {
    const row = after[index];
    const old = known[index] as Held;
    let held: Held | undefined = old;
    if (!isSameRow(before[index], row)) {
      held = walk.value(old, row, place, index, depth);
      if (held === undefined) walk.write(old, (held = null), place, index);
    }
    if (rows === undefined && !Object.is(held, row)) rows = after.slice(start, index) as Json[];
    rows?.push(held);
  }
  return rows;
}

/** The same where rows were added, removed or moved. */
function align(
  range: Range<unknown>,
  known: readonly Held[],
  place: Place,
  depth: number,
  walk: Walk,
): Held[] | undefined {
  const { before, after, start } = range;
  const rows = walk.isJson ? undefined : heldRows(range, known, depth);
  if (walk.isSilent) return rows;
  const json = (rows === undefined ? after : after.slice()) as Json[];
  rows?.forEach((held, at) => (json[start + at] = jsonOf(held)));
  const { isJson } = walk;
  walk.isJson = true;
  const old = known === before ? (known as readonly Json[]) : known.map(jsonOf);
  diffRange({ ...range, before: old, after: json }, place, walk);
  walk.isJson = isJson;
  return rows;
}

/** What JSON carries of the rows of the range; `undefined` where that is the rows themselves. */
function heldRows(
  { before, after, start, afterEnd }: Range<unknown>,
  known: readonly Held[],
  depth: number,
): Held[] | undefined {
  const rows: Held[] = [];
  let isOther = false;
  // Rows between an insertion and a removal are mostly the same, at another index.
  let shift = 0;
  for (let index = start; index < afterEnd; index++) {
    const row = after[index];
    let held: Held | undefined;
    for (let by = shift - 1; by <= shift + 1 && held === undefined && isObject(row); by++) {
      if (before[index + by] !== row) continue;
      held = known[index + by] as Held;
      shift = by;
    }
    held ??= jsonAt(row, index, depth) ?? null;
    isOther ||= !Object.is(held, row);
    rows.push(held);
  }
  return isOther ? rows : undefined;
}

/** Writes how rows lead to others, both JSON. */
function diffRange(shared: Range, place: Place, walk: Walk): void {
  const { writer, rowIds } = walk;
  const same = walk.alignments < MAX_ALIGNMENTS ? isEqualRow : isSameRow;
  const range = trim(shared, same);
  const { after, start, beforeEnd, afterEnd } = range;
  if (start === beforeEnd || start === afterEnd) {
    // The rest of the other side was added or removed.
    for (let index = beforeEnd - 1; index >= start; index--) writer.put("remove", place, index);
    for (let index = start; index < afterEnd; index++) writer.put("add", place, index, after[index]);
    return;
  }
  walk.alignments++;
  let match: Match | undefined;
  // One row in place of one is the same row, whatever its id.
  if (beforeEnd - start > 1 || afterEnd - start > 1) for (const member of rowIds) match ??= matchById(range, member);
  if (match === undefined) diffRuns(range, same, place, walk);
  else {
    placeRows(range, match, place, writer);
    match.origins.forEach((origin, at) => {
      if (origin >= 0) diffRow(range, origin, start + at, place, walk);
    });
  }
  walk.alignments--;
}

function diffRow({ before, after }: Range, from: number, to: number, place: Place, walk: Walk): void {
  if (before[from] !== after[to]) walk.value(before[from] as Json, after[to], place, to, 0);
}

/** Rows without ids: in each run they are paired one by one, and the rest was added or removed. */
function diffRuns(range: Range, same: Same, place: Place, walk: Walk): void {
  const { writer } = walk;
  // From the end, so that operations on later rows do not shift earlier ones.
  for (const { start, removed, afterStart, added } of editRuns(range, same, walk.spare).reverse()) {
    const changed = Math.min(removed, added);
    for (let index = start + removed - 1; index >= start + changed; index--) writer.put("remove", place, index);
    for (let index = changed; index < added; index++) {
      writer.put("add", place, start + index, range.after[afterStart + index]);
    }
    for (let index = 0; index < changed; index++) {
      const row = range.after[afterStart + index] as Json;
      walk.value(range.before[start + index] as Json, row, place, start + index, 0);
    }
  }
}
