import type { Json } from "./types.ts";

/** Whether the value's JSON has at least `bytes` bytes. Looks no further than that, whatever the value's size. */
export function isAtLeast(value: Json, bytes: number): boolean {
  return bytesLeft(value, bytes) <= 0;
}

/** What is left of so many bytes after the value's JSON, at most. Not above 0 once they are spent, where it stops looking. */
export function bytesLeft(value: Json, bytes: number): number {
  if (typeof value === "string") return bytes - value.length - 2;
  if (typeof value !== "object" || value === null) return bytes - (typeof value === "number" ? 1 : 4);
  let left = bytes - 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left > 0; index++)
      left = bytesLeft(value[index] as Json, left - (index > 0 ? 1 : 0));
    return left;
  }
  let separator = 0;
  for (const key in value) {
    if (left <= 0) break;
    if (!Object.hasOwn(value, key)) continue;
    left = bytesLeft(value[key] as Json, left - key.length - 3 - separator);
    separator = 1;
  }
  return left;
}
