import { MAX_DEPTH } from "./depth.ts";
import { isObject, ownMember } from "./json.ts";
import { objectsInherit } from "./inherited.ts";
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
 * `work`. `inherit` says that a program has given every object members, so that names have to be checked one by one.
 */
export function jsonEqual(
  a: Json | undefined,
  b: Json | undefined,
  work?: Work,
  depth = 0,
  inherit?: boolean,
): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b) || depth === MAX_DEPTH) return false;
  const checked = inherit ?? objectsInherit();
  if (Array.isArray(a)) return Array.isArray(b) && listsEqual(a, b, work, depth + 1, checked);
  return !Array.isArray(b) && membersEqual(a, b, work, depth + 1, checked);
}

function listsEqual(
  a: readonly Json[],
  b: readonly Json[],
  work: Work | undefined,
  depth: number,
  inherit: boolean,
): boolean {
  if (a.length !== b.length) return false;
  let index = 0;
  while (index < a.length && jsonEqual(a[index], b[index], work, depth, inherit)) index++;
  if (work !== undefined) work.left -= index;
  return index === a.length;
}

function membersEqual(a: Members, b: Members, work: Work | undefined, depth: number, inherit: boolean): boolean {
  if (inherit && !haveSameNames(a, b)) return false;
  let members = 0;
  let equal = true;
  // Faster than a list of names. What objects inherit is the same on both sides.
  for (const key in a) {
    members++;
    const one = a[key];
    const other = key === "__proto__" ? ownMember(b, key) : b[key];
    if (one === other || (typeof one === "object" && jsonEqual(one, other, work, depth, inherit))) continue;
    equal = false;
    break;
  }
  if (work !== undefined) work.left -= members;
  if (!equal) return false;
  for (const _ in b) members--;
  return members === 0;
}

function haveSameNames(a: Members, b: Members): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name));
}
