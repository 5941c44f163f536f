import { MAX_DEPTH } from "./depth.ts";
import { isObject } from "./json.ts";
import { bytesLeft } from "./size.ts";
import { splitsCharacter } from "./text-growth.ts";
import type { Json } from "./types.ts";

/** How much JSON the copies of one patch may add together, in bytes: without a bound, each could double the document. */
export const MAX_COPIED_BYTES: number = 16 * 1024 * 1024;

/** Bounds what a patch of the application makes of a document. Each answer is a reason to refuse it, or `undefined`. */
export class Growth {
  /** Whether an append continued in the middle of a character, which must not be sent as an append. */
  splits = false;
  #left = MAX_COPIED_BYTES;

  /** Before a value is copied. */
  copy(value: Json): string | undefined {
    this.#left = bytesLeft(value, this.#left);
    return this.#left < 0 ? `its copies add more than ${MAX_COPIED_BYTES} bytes` : undefined;
  }

  /** Before a value is put at a place inside so many containers. */
  nest(value: Json, containers: number): string | undefined {
    return nests(value, MAX_DEPTH - containers) ? undefined : `it would nest more than ${MAX_DEPTH} arrays and objects`;
  }

  /** Before a text is appended to another. */
  append(text: string, added: string): void {
    this.splits ||= splitsCharacter(text, added);
  }
}

/** Whether the value nests at most so many arrays and objects. */
function nests(value: Json, levels: number): boolean {
  if (!isObject(value)) return true;
  return levels > 0 && Object.values(value).every((item) => nests(item, levels - 1));
}
