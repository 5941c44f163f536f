import type { Json, Operation } from "./events.ts";
import { isAtLeast } from "./json.ts";

/** Thrown when the operations have come to cost more than the value they lead to. */
export const GIVE_UP: Error = new Error("The patch costs more than the value");

/** What an operation costs beside its path and value, in bytes of JSON. */
const OPERATION_BYTES = 30;

/**
 * Collects operations. The path is where the walk is; its text is only made for an operation, and shared by those of one
 * parent.
 */
export class PatchWriter {
  readonly operations: Operation[] = [];
  readonly #after: Json;
  readonly #keys: (string | number)[] = [];
  /** The texts of the path's beginnings, as far as they are known. */
  readonly #texts: string[] = [""];
  #known = 0;
  /** What the operations cost at least, and what is known of the value: it has at least so many bytes of JSON. */
  #bytes = 0;
  #valueBytes = 0;
  /** The cost at which the value is looked at again. */
  #check = 512;

  constructor(after: Json) {
    this.#after = after;
  }

  /** The walk has come to an object or array of the value: so large it is at least. */
  passMembers(count: number): void {
    this.#valueBytes += 5 * count;
  }

  passRows(count: number): void {
    this.#valueBytes += 2 * count;
  }

  /** Goes to a member of the container at this depth. */
  enter(depth: number, key: string | number): void {
    this.#keys[depth] = key;
    if (this.#known > depth) this.#known = depth;
  }

  replace(depth: number, value: Json): void {
    this.#add({ op: "replace", path: this.#path(depth), value }, value);
  }

  add(depth: number, key: string | number, value: Json): void {
    this.enter(depth, key);
    this.#add({ op: "add", path: this.#path(depth + 1), value }, value);
  }

  remove(depth: number, key: string | number): void {
    this.enter(depth, key);
    this.#add({ op: "remove", path: this.#path(depth + 1) }, null);
  }

  move(depth: number, from: number, to: number): void {
    this.enter(depth, from);
    const origin = this.#path(depth + 1);
    this.enter(depth, to);
    this.#add({ op: "move", from: origin, path: this.#path(depth + 1) }, null);
  }

  #add(operation: Operation, value: Json): void {
    this.operations.push(operation);
    this.#bytes += OPERATION_BYTES + operation.path.length + (typeof value === "string" ? value.length : 1);
    if (this.#bytes <= this.#check || this.#bytes <= this.#valueBytes) return;
    if (!isAtLeast(this.#after, this.#bytes)) throw GIVE_UP;
    // Doubled, so that all looks together cost what the last one does.
    this.#check = 2 * this.#bytes;
  }

  #path(depth: number): string {
    for (let at = this.#known; at < depth; at++) {
      const key = this.#keys[at] as string | number;
      this.#texts[at + 1] = `${this.#texts[at]}/${typeof key === "number" ? key : escape(key)}`;
    }
    if (this.#known < depth) this.#known = depth;
    return this.#texts[depth] as string;
  }
}

function escape(key: string): string {
  return key.includes("~") || key.includes("/") ? key.replaceAll("~", "~0").replaceAll("/", "~1") : key;
}
