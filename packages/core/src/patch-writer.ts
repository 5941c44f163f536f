import type { Json, Operation } from "./events.ts";
import { growText, jsonText, utf8Length } from "./json-text.ts";
import { isAtLeast } from "./json.ts";

/** Thrown when the value is to be sent instead: it costs less than the operations, or they cannot say it. */
export const GIVE_UP: Error = new Error("The value is sent instead");

/** A patch up to this is sent without asking what the value would cost. Bytes of JSON; PROTOCOL.md, "Updates". */
export const SMALL_PATCH_BYTES = 512;

/** A path's step: a member's name or a row's index. */
type Step = string | number;

/**
 * Takes down operations while the walk goes on. The path is where the walk is; its text is only made for an operation, and
 * shared by those of one parent.
 */
export abstract class PatchWriter {
  /** What the walk has seen of the value: it has at least so many bytes of JSON. */
  valueBytes = 0;
  /** The value's JSON, where its size had to be known. */
  valueText: string | undefined;
  readonly #after: Json;
  readonly #steps: Step[] = [];
  /** The texts of the path's beginnings, as far as they are known. */
  readonly #paths: string[] = [""];
  #known = 0;
  /** What the operations may cost before the value is looked at again. */
  #limit = SMALL_PATCH_BYTES;

  constructor(after: Json) {
    this.#after = after;
  }

  /** The text of a step in a path. */
  protected abstract pathText(step: string, parent: Step | undefined): string;

  /** Takes down an operation; returns what all of them cost at least, in bytes of JSON. */
  protected abstract put(op: "add" | "replace", path: string, value: Json): number;
  protected abstract putRemoval(path: string): number;
  protected abstract putMove(from: string, path: string): number;

  /** Goes to a member or row of the container at this depth. */
  enter(depth: number, step: Step): void {
    this.#steps[depth] = step;
    if (this.#known > depth) this.#known = depth;
  }

  replace(depth: number, value: Json): void {
    this.spend(this.put("replace", this.path(depth), value));
  }

  /** The same for a text that took the place of another; both with the objects that hold them. */
  replaceText(depth: number, value: string, _holder: object, _old: string, _oldHolder: object): void {
    this.replace(depth, value);
  }

  add(depth: number, step: Step, value: Json): void {
    this.enter(depth, step);
    this.spend(this.put("add", this.path(depth + 1), value));
  }

  remove(depth: number, step: Step): void {
    this.enter(depth, step);
    this.spend(this.putRemoval(this.path(depth + 1)));
  }

  move(depth: number, from: number, to: number): void {
    this.enter(depth, from);
    const origin = this.path(depth + 1);
    this.enter(depth, to);
    this.spend(this.putMove(origin, this.path(depth + 1)));
  }

  protected path(depth: number): string {
    for (let at = this.#known; at < depth; at++) {
      const step = this.#steps[at] as Step;
      const text = typeof step === "number" ? step : this.pathText(step, this.#steps[at - 1]);
      this.#paths[at + 1] = `${this.#paths[at]}/${text}`;
    }
    if (this.#known < depth) this.#known = depth;
    return this.#paths[depth] as string;
  }

  protected spend(bytes: number): void {
    if (bytes <= this.#limit || bytes <= this.valueBytes) return;
    if (this.valueText === undefined) {
      // More than is asked for, so that all looks together cost what the last one does.
      if (isAtLeast(this.#after, 4 * bytes)) {
        this.#limit = 4 * bytes;
        return;
      }
      this.valueText = jsonText(this.#after);
      this.#limit = Math.max(SMALL_PATCH_BYTES, utf8Length(this.valueText));
    }
    if (bytes > this.#limit) throw GIVE_UP;
  }
}

/** What an operation costs beside its path and value, in bytes of JSON. */
const OPERATION_BYTES = 30;

/** Operations as objects, with the very values. */
export class OperationWriter extends PatchWriter {
  readonly operations: Operation[] = [];
  #bytes = 0;

  protected override pathText(step: string): string {
    return escape(step);
  }

  protected override put(op: "add" | "replace", path: string, value: Json): number {
    this.operations.push({ op, path, value });
    return (this.#bytes += OPERATION_BYTES + path.length + (typeof value === "string" ? value.length : 1));
  }

  protected override putRemoval(path: string): number {
    this.operations.push({ op: "remove", path });
    return (this.#bytes += OPERATION_BYTES + path.length);
  }

  protected override putMove(from: string, path: string): number {
    this.operations.push({ op: "move", from, path });
    return (this.#bytes += OPERATION_BYTES + from.length + path.length);
  }
}

/** Operations as the text that is sent; gives up where one would name a member that appliers refuse. */
export class TextWriter extends PatchWriter {
  #text = "";

  /** The JSON Patch; empty when nothing changed. */
  get text(): string {
    return this.#text === "" ? "" : `[${this.#text}]`;
  }

  override replaceText(depth: number, value: string, holder: object, old: string, oldHolder: object): void {
    const json = growText(holder, value, oldHolder, old);
    this.spend(this.#add(`{"op":"replace","path":"${this.path(depth)}","value":${json}}`));
  }

  protected override pathText(step: string, parent: Step | undefined): string {
    if (step === "__proto__" || (step === "prototype" && parent === "constructor")) throw GIVE_UP;
    // oxlint-disable-next-line no-control-regex
    if (!/[~/"\\\u0000-\u001f\ud800-\udfff]/.test(step)) return step;
    return JSON.stringify(escape(step)).slice(1, -1);
  }

  protected override put(op: "add" | "replace", path: string, value: Json): number {
    const json = typeof value === "number" ? value : JSON.stringify(value);
    return this.#add(`{"op":"${op}","path":"${path}","value":${json}}`);
  }

  protected override putRemoval(path: string): number {
    return this.#add(`{"op":"remove","path":"${path}"}`);
  }

  protected override putMove(from: string, path: string): number {
    return this.#add(`{"op":"move","from":"${from}","path":"${path}"}`);
  }

  #add(operation: string): number {
    this.#text = this.#text === "" ? operation : `${this.#text},${operation}`;
    return this.#text.length;
  }
}

function escape(step: string): string {
  return step.includes("~") || step.includes("/") ? step.replaceAll("~", "~0").replaceAll("/", "~1") : step;
}
