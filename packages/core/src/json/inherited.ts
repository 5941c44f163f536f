/**
 * Whether a program has given every object an enumerable member, as prototype pollution does. Then neither `for ... in` nor
 * `object[key]` shows what an object itself has. Cheap enough to ask before every change.
 */
export function objectsInherit(): boolean {
  for (const _ in EMPTY) return true;
  return false;
}

const EMPTY = {};
