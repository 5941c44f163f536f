import type { Position } from "./engine.ts";

export function isSame(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.epoch === b.epoch;
}
