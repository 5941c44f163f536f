import { MAX_DEPTH } from "./depth.ts";
import type { Json } from "./types.ts";

/** What comparisons may look at. */
export interface Work {
  /** Members and rows; below 0 once there were more. */
  left: number;
}

type Members = { readonly [key: string]: Json };

/**
 * Whether two JSON values are equal, whatever the order of their members. Values that are nested deeper than `MAX_DEPTH`
 * count as different, so that none overflows the stack. The members and rows that were looked at are subtracted from
 * `work`.
 */
export function jsonEqual(a: Json | undefined, b: Json | undefined, work?: Work, depth = 0): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || depth === MAX_DEPTH) return false;
  if (Array.isArray(a)) return Array.isArray(b) && listsEqual(a, b, work, depth + 1);
  return !Array.isArray(b) && membersEqual(a, b, work, depth + 1);
}

function listsEqual(a: readonly Json[], b: readonly Json[], work: Work | undefined, depth: number): boolean {
  if (a.length !== b.length) return false;
  let index = 0;
  while (index < a.length && jsonEqual(a[index], b[index], work, depth)) index++;
  if (work !== undefined) work.left -= index;
  return index === a.length;
}

function membersEqual(a: Members, b: Members, work: Work | undefined, depth: number): boolean {
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return false;
  let index = 0;
  for (; index < keys.length; index++) {
    const key = keys[index] as string;
    // Members mostly stand in the same order, so that the names alone say that the other object has this one.
    if (key !== others[index] && !Object.hasOwn(b, key)) break;
    const member = a[key];
    const other = b[key];
    if (member !== other && !(typeof member === "object" && jsonEqual(member, other, work, depth))) break;
  }
  if (work !== undefined) work.left -= index + 1;
  return index === keys.length;
}
