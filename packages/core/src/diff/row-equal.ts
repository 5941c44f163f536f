import type { Json } from "../json/types.ts";
import { ownMember } from "../json/json.ts";

/** What comparisons may look at. */
export interface Work {
  /** Members and rows; below 0 once there were more. */
  left: number;
}

const UNLIMITED: Work = { left: Infinity };

type Members = { readonly [key: string]: Json };

/**
 * `jsonEqual` for the many rows of a differ, which has made sure that no program gives every object members of its own:
 * `for ... in` is faster than a list of keys. What it looked at is taken off `work`.
 */
export function rowsEqual(a: Json | undefined, b: Json | undefined, work: Work = UNLIMITED): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && listsEqual(a, b, work);
  return !Array.isArray(b) && membersEqual(a, b, work);
}

function listsEqual(a: readonly Json[], b: readonly Json[], work: Work): boolean {
  if (a.length !== b.length) return false;
  let index = 0;
  for (; index < a.length; index++) {
    const one = a[index];
    const other = b[index];
    if (one !== other && !(typeof one === "object" && rowsEqual(one, other, work))) break;
  }
  work.left -= index;
  return index === a.length;
}

function membersEqual(a: Members, b: Members, work: Work): boolean {
  let members = 0;
  let equal = true;
  for (const key in a) {
    members++;
    const one = a[key];
    if (one === b[key] || (typeof one === "object" && rowsEqual(one, ownMember(b, key), work))) continue;
    equal = false;
    break;
  }
  work.left -= members;
  if (!equal) return false;
  for (const _ in b) members--;
  return members === 0;
}
