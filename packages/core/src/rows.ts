import { editRuns } from "./edit-runs.ts";
import type { Json } from "./events.ts";
import { jsonEqual } from "./json.ts";
import type { PatchWriter } from "./patch-writer.ts";
import { idMember, idOf, matchById, placeRows } from "./row-ids.ts";
import { type Range, trim } from "./row-range.ts";

type Diff = (before: Json, after: Json, depth: number, writer: PatchWriter) => void;

/**
 * Tells which rows of an array were added, removed and moved, then what changed inside those that stayed. Rows are followed
 * by their ids where they have some, else by their values.
 */
export function diffRows(before: Json[], after: Json[], depth: number, writer: PatchWriter, diff: Diff): void {
  const whole = { before, after, start: 0, beforeEnd: before.length, afterEnd: after.length };
  writer.passRows(after.length);
  const shared = trim(whole, (a, b) => a === b);
  if (tellEnds(shared, depth, writer)) return;
  const range = trim(shared, jsonEqual);
  if (tellEnds(range, depth, writer)) return;
  const member = idMember(range);
  if (member !== undefined) {
    if (haveSameIds(range, member)) return diffInPlace(range, depth, writer, diff);
    const match = matchById(range, member);
    if (match !== undefined) {
      placeRows(range, match, depth, writer);
      for (const [index, origin] of match.origins.entries()) {
        if (origin >= 0) diffRow(range, origin, range.start + index, depth, writer, diff);
      }
      return;
    }
  }
  diffRuns(range, depth, writer, diff);
}

/** Where one side has nothing left, the rest was only added or only removed. */
function tellEnds({ after, start, beforeEnd, afterEnd }: Range, depth: number, writer: PatchWriter): boolean {
  if (start < beforeEnd && start < afterEnd) return false;
  for (let index = beforeEnd - 1; index >= start; index--) writer.remove(depth, index);
  for (let index = start; index < afterEnd; index++) writer.add(depth, index, after[index] as Json);
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

function diffInPlace(range: Range, depth: number, writer: PatchWriter, diff: Diff): void {
  for (let index = range.start; index < range.beforeEnd; index++) diffRow(range, index, index, depth, writer, diff);
}

function diffRow(
  { before, after }: Range,
  from: number,
  to: number,
  depth: number,
  writer: PatchWriter,
  diff: Diff,
): void {
  const old = before[from] as Json;
  const row = after[to] as Json;
  if (old === row) return;
  writer.enter(depth, to);
  diff(old, row, depth + 1, writer);
}

/** Rows without ids: those of a run are taken for the same one by one, and what is left over was added or removed. */
function diffRuns(range: Range, depth: number, writer: PatchWriter, diff: Diff): void {
  // From the end, so that what is told of later rows does not move earlier ones.
  for (const { start, removed, afterStart, added } of editRuns(range).reverse()) {
    const changed = Math.min(removed, added);
    for (let index = start + removed - 1; index >= start + changed; index--) writer.remove(depth, index);
    for (let index = changed; index < added; index++) {
      writer.add(depth, start + index, range.after[afterStart + index] as Json);
    }
    for (let index = 0; index < changed; index++) {
      writer.enter(depth, start + index);
      diff(range.before[start + index] as Json, range.after[afterStart + index] as Json, depth + 1, writer);
    }
  }
}
