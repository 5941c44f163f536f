import { isRecord } from "../json/json.ts";
import { OrderedSlots, risingRows } from "./row-order.ts";
import type { PatchWriter, Place } from "./patch-writer.ts";
import type { Range } from "./row-range.ts";

export function idOf(row: unknown, member: string): string | number | undefined {
  if (!isRecord(row) || !Object.hasOwn(row, member)) return undefined;
  const id = row[member];
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

/** For each row after, its index in the array before; -1 for a new row. */
export interface Match {
  readonly origins: Int32Array;
  /** For each row before, by its place in the range, whether it is still there. */
  readonly kept: Uint8Array;
}

/** `undefined` where a row has no id, or two rows have the same. */
export function matchById(
  { before, after, start, beforeEnd, afterEnd }: Range<unknown>,
  member: string,
): Match | undefined {
  const places = new Map<string | number, number>();
  for (let index = start; index < beforeEnd; index++) {
    const id = idOf(before[index], member);
    if (id === undefined || places.has(id)) return undefined;
    places.set(id, index);
  }
  const origins = new Int32Array(afterEnd - start);
  const kept = new Uint8Array(beforeEnd - start);
  for (let index = start; index < afterEnd; index++) {
    const id = idOf(after[index], member);
    if (id === undefined) return undefined;
    const origin = places.get(id) ?? -1;
    origins[index - start] = origin;
    if (origin < 0) continue;
    if (kept[origin - start] === 1) return undefined;
    kept[origin - start] = 1;
  }
  return { origins, kept };
}

/** Removes, moves and adds rows until each has its final index. Changes inside the rows are not compared here. */
export function placeRows({ after, start }: Range, { origins, kept }: Match, place: Place, writer: PatchWriter): void {
  for (let index = kept.length - 1; index >= 0; index--) {
    if (kept[index] === 0) writer.put("remove", place, start + index);
  }
  const stays = risingRows(origins);
  // Where the rows that stay keep their order, a new row is added at its final index, and nothing has to be counted.
  let slots: OrderedSlots | undefined;
  if (origins.some((origin, index) => origin >= 0 && stays[index] === 0))
    slots = new OrderedSlots(origins, kept, stays, start);
  for (let index = 0; index < origins.length; index++) {
    const origin = origins[index] as number;
    if (origin < 0) {
      const at = slots === undefined ? index : slots.occupy(index);
      writer.put("add", place, start + at, after[start + index]);
    } else if (slots !== undefined && stays[index] === 0) {
      const from = slots.vacate(origin - start);
      const to = slots.occupy(index);
      if (from !== to) writer.put("move", place, start + to, undefined, start + from);
    }
  }
}
