import type { Json } from "../json/types.ts";
import { isRecord } from "../json/json.ts";
import { OrderedSlots, risingRows } from "./row-order.ts";
import type { PatchWriter, Place } from "./patch-writer.ts";
import type { Range } from "./row-range.ts";

export function idOf(row: Json | undefined, member: string): string | number | undefined {
  if (!isRecord(row) || !Object.hasOwn(row, member)) return undefined;
  const id = row[member];
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

/** Which row before each row after was, as an index into the array before; -1 for a new one. */
export interface Match {
  readonly origins: Int32Array;
  /** For each row before, whether it is still there; by its place in the range. */
  readonly kept: Uint8Array;
}

/** `undefined` when the ids do not tell all rows apart. */
export function matchById({ before, after, start, beforeEnd, afterEnd }: Range, member: string): Match | undefined {
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

/** Removes, moves and adds rows until each is where it is after. What changed inside them is not told here. */
export function placeRows({ after, start }: Range, { origins, kept }: Match, place: Place, writer: PatchWriter): void {
  for (let index = kept.length - 1; index >= 0; index--) {
    if (kept[index] === 0) writer.remove(place, start + index);
  }
  const stays = risingRows(origins);
  // While every row that was there stays in order, a new one is where it will be.
  let slots: OrderedSlots | undefined;
  if (origins.some((origin, index) => origin >= 0 && stays[index] === 0))
    slots = new OrderedSlots(origins, kept, stays, start);
  for (let index = 0; index < origins.length; index++) {
    const origin = origins[index] as number;
    if (origin < 0) {
      const at = slots === undefined ? index : slots.occupy(index);
      writer.add(place, start + at, after[start + index] as Json);
    } else if (slots !== undefined && stays[index] === 0) {
      const from = slots.vacate(origin - start);
      const to = slots.occupy(index);
      if (from !== to) writer.move(place, start + from, start + to);
    }
  }
}
